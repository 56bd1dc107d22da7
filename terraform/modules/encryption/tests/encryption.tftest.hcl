mock_provider "google" {}

variables {
  project_id = "project"
  location   = "europe-west1"
  key_ring   = "notebooks"
  key        = "notebooks"
  service_agents = {
    compute   = "service-123@compute-system.iam.gserviceaccount.com"
    notebooks = "service-123@gcp-sa-notebooks.iam.gserviceaccount.com"
  }
}

run "rotated_guarded_and_used_by_google_alone" {
  command = plan
  assert {
    condition     = google_kms_crypto_key.this.rotation_period == "7776000s"
    error_message = "A new version every 90 days."
  }
  assert {
    condition     = google_kms_crypto_key.this.deletion_policy == "PREVENT"
    error_message = "A key must not go by accident."
  }
  assert {
    condition = toset([for grant in google_kms_crypto_key_iam_member.service_agent : grant.member]) == toset([
      "serviceAccount:service-123@compute-system.iam.gserviceaccount.com",
      "serviceAccount:service-123@gcp-sa-notebooks.iam.gserviceaccount.com",
    ])
    error_message = "Each service agent, and nobody else, may use the key."
  }
  assert {
    condition     = alltrue([for grant in google_kms_crypto_key_iam_member.service_agent : grant.crypto_key_id == output.kms_key])
    error_message = "A plan must show which key they may use."
  }
  assert {
    condition     = output.kms_key == "projects/project/locations/europe-west1/keyRings/notebooks/cryptoKeys/notebooks"
    error_message = "A plan must show the key."
  }
}

run "hsm" {
  command = plan
  variables {
    protection_level = "HSM"
  }
  assert {
    condition     = google_kms_crypto_key.this.version_template[0].protection_level == "HSM"
    error_message = "The key must be kept in an HSM."
  }
}

run "rotation_that_is_too_rare" {
  command = plan
  variables {
    rotation_days = 365
  }
  expect_failures = [var.rotation_days]
}

run "a_person_may_not_use_the_key" {
  command = plan
  variables {
    service_agents = { me = "ana@example.com" }
  }
  expect_failures = [var.service_agents]
}

run "a_notebook_may_not_use_the_key" {
  command = plan
  variables {
    service_agents = { ana = "nb-ana@project.iam.gserviceaccount.com" }
  }
  expect_failures = [var.service_agents]
}

run "the_default_account_of_vms_may_not_use_the_key" {
  command = plan
  variables {
    service_agents = { vms = "123-compute@developer.gserviceaccount.com" }
  }
  expect_failures = [var.service_agents]
}

run "every_agent_that_the_fleet_names" {
  command = plan
  variables {
    service_agents = {
      compute   = "service-123@compute-system.iam.gserviceaccount.com"
      jobs      = "service-123@serverless-robot-prod.iam.gserviceaccount.com"
      logging   = "cmek-p123@gcp-sa-logging.iam.gserviceaccount.com"
      notebooks = "service-123@gcp-sa-notebooks.iam.gserviceaccount.com"
      storage   = "service-123@gs-project-accounts.iam.gserviceaccount.com"
    }
  }
  assert {
    condition     = length(google_kms_crypto_key_iam_member.service_agent) == 5
    error_message = "Each of Google's agents must be able to use the key."
  }
}

run "a_deletion_policy_that_is_none" {
  command = plan
  variables {
    deletion_policy = "MAYBE"
  }
  expect_failures = [var.deletion_policy]
}

run "a_protection_level_that_is_none" {
  command = plan
  variables {
    protection_level = "EXTERNAL"
  }
  expect_failures = [var.protection_level]
}

run "names_that_cloud_kms_refuses" {
  command = plan
  variables {
    key_ring = "note books"
    key      = "note.books"
  }
  expect_failures = [var.key_ring, var.key]
}
