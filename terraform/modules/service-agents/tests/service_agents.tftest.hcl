mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { email_address = "service-123@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_data "google_logging_project_cmek_settings" {
    defaults = { service_account_id = "cmek-p123@gcp-sa-logging.iam.gserviceaccount.com" }
  }
}

variables {
  project_id = "project"
}

run "agents_are_named_by_the_projects_number" {
  command = plan
  assert {
    condition = output.number == "123" && output.service_agents == {
      compute   = "service-123@compute-system.iam.gserviceaccount.com"
      notebooks = "service-123@gcp-sa-notebooks.iam.gserviceaccount.com"
      storage   = "service-123@gs-project-accounts.iam.gserviceaccount.com"
    }
    error_message = "What every fleet needs must be there, and no more."
  }
}

run "logs_are_encrypted_by_an_account_of_their_own" {
  command = plan
  variables {
    keeps_logs = true
  }
  assert {
    condition     = output.service_agents["logging"] == "cmek-p123@gcp-sa-logging.iam.gserviceaccount.com"
    error_message = "The key's owner must learn who encrypts logs."
  }
}

run "jobs_are_encrypted_by_cloud_run" {
  command = plan
  variables {
    runs_jobs = true
  }
  assert {
    condition     = output.service_agents["run"] == "service-123@serverless-robot-prod.iam.gserviceaccount.com"
    error_message = "The key's owner must learn who encrypts jobs."
  }
}
