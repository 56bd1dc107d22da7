mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "nbp-apply@project.iam.gserviceaccount.com"
      member = "serviceAccount:nbp-apply@project.iam.gserviceaccount.com"
      name   = "projects/project/serviceAccounts/nbp-apply@project.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/123/locations/global/workloadIdentityPools/nbp-apply-pipelines" }
  }
}

variables {
  project_id   = "project"
  state_bucket = "state"
}

run "roles_are_those_of_the_catalogue" {
  command = apply
  assert {
    condition     = toset(keys(google_project_iam_member.role)) == toset([for row in jsondecode(file("roles.json")) : row.role if row.scope == "project"])
    error_message = "Everything that the modules make must be allowed, and no more."
  }
  assert {
    condition     = length(setintersection(keys(google_project_iam_member.role), ["roles/owner", "roles/editor", "roles/compute.admin", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountKeyAdmin"])) == 0
    error_message = "No role may hold more than the fleet needs."
  }
  assert {
    condition     = google_storage_bucket_iam_member.state.role == "roles/storage.objectUser" && length(google_iam_workload_identity_pool.pipelines) == 0
    error_message = "The state can be written; no pipeline was asked for."
  }
  assert {
    condition     = { for role, grant in google_project_iam_member.role : role => grant.condition[0].expression if length(grant.condition) > 0 } == { "roles/storage.admin" = "resource.name != \"projects/_/buckets/state\" && !resource.name.startsWith(\"projects/_/buckets/state/\")" }
    error_message = "Who administers every other bucket must not administer that of the state."
  }
  assert {
    condition     = toset(keys(output.roles_elsewhere)) == toset(["roles/accesscontextmanager.policyAdmin", "roles/accesscontextmanager.policyEditor", "roles/artifactregistry.reader", "roles/billing.costsManager", "roles/cloudkms.cryptoKeyEncrypterDecrypter", "roles/compute.networkAdmin", "roles/orgpolicy.policyAdmin"])
    error_message = "What others must grant must be said."
  }
  assert {
    condition     = output.roles_elsewhere["roles/compute.networkAdmin"].scope == "host project"
    error_message = "The host project's grant is for its team to give."
  }
}

run "no_role_for_what_is_not_used" {
  command = plan
  variables {
    features = []
  }
  assert {
    condition     = !contains(keys(google_project_iam_member.role), "roles/compute.networkAdmin") && contains(keys(google_project_iam_member.role), "roles/notebooks.admin")
    error_message = "A fleet in a network that is there needs no right to make one."
  }
}

run "a_pipeline_comes_without_a_key" {
  command = apply
  variables {
    access_policy = "987654321098"
    impersonators = ["group:platform@example.com"]
    pipeline      = { issuer = "https://token.example.com", subject = "repo:acme/notebooks:ref:refs/heads/main" }
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.pipeline[0].attribute_condition == "assertion.sub == 'repo:acme/notebooks:ref:refs/heads/main'"
    error_message = "Nobody else at that issuer may come."
  }
  assert {
    condition     = google_service_account_iam_member.pipeline[0].member == "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/nbp-apply-pipelines/subject/repo:acme/notebooks:ref:refs/heads/main"
    error_message = "One subject may act as the account."
  }
  assert {
    condition     = google_access_context_manager_access_policy_iam_member.perimeter["987654321098"].role == "roles/accesscontextmanager.policyEditor" && !contains(keys(output.roles_elsewhere), "roles/accesscontextmanager.policyEditor")
    error_message = "The access policy that is there may be edited."
  }
  assert {
    condition     = google_service_account_iam_member.person["group:platform@example.com"].role == "roles/iam.serviceAccountTokenCreator"
    error_message = "People act as the account, on this one alone."
  }
}

run "no_feature_that_is_not_known" {
  command = plan
  variables {
    features = ["mainframe"]
  }
  expect_failures = [var.features]
}

run "no_account_acts_as_it" {
  command = plan
  variables {
    impersonators = ["serviceAccount:other@project.iam.gserviceaccount.com"]
  }
  expect_failures = [var.impersonators]
}

run "a_name_that_is_none" {
  command = plan
  variables {
    name = "Apply"
  }
  expect_failures = [var.name]
}

run "no_subject_for_everybody" {
  command = plan
  variables {
    pipeline = { issuer = "https://token.example.com", subject = "repo:acme/*" }
  }
  expect_failures = [var.pipeline]
}
