mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "nbp-apply@project.iam.gserviceaccount.com"
      member = "serviceAccount:nbp-apply@project.iam.gserviceaccount.com"
      name   = "projects/project/serviceAccounts/nbp-apply@project.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id   = "project"
  location     = "europe-west1"
  state_bucket = "project-state"
}

run "state_bucket_and_identity" {
  assert {
    condition     = output.state_bucket == "project-state" && output.applier == "nbp-apply@project.iam.gserviceaccount.com"
    error_message = "The fleet file needs the bucket, people the account."
  }
  assert {
    condition     = contains(module.services.services, "sts.googleapis.com") && contains(module.services.services, "notebooks.googleapis.com")
    error_message = "Every API that fleets and pipelines use must be enabled."
  }
  assert {
    condition     = toset(keys(output.service_agents)) == toset(["compute", "logging", "notebooks", "run", "storage"])
    error_message = "Who owns a key elsewhere must know before the first apply who will use it."
  }
  assert {
    condition     = output.pipeline_provider == null
    error_message = "No pipeline was asked for."
  }
}
