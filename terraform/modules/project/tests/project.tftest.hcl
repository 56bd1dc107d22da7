mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { email_address = "service-123@gs-project-accounts.iam.gserviceaccount.com" }
  }
}

variables {
  project_id = "project"
  fleet_name = "fraud-analytics"
}

run "what_a_fleet_needs_of_its_project" {
  command = plan
  assert {
    condition     = google_project_iam_custom_role.vm.permissions == toset(["compute.instances.get"])
    error_message = "The VM's role must hold the one permission that proxy registration needs."
  }
  assert {
    condition     = google_project_iam_custom_role.vm.role_id == "nbp_fraud_analytics_vm"
    error_message = "Role ids take no hyphens."
  }
  assert {
    condition     = contains(output.services, "notebooks.googleapis.com") && !contains(output.services, "run.googleapis.com")
    error_message = "What the fleet uses must be enabled, and no more."
  }
  assert {
    condition = output.service_agents == {
      compute   = "service-123@compute-system.iam.gserviceaccount.com"
      notebooks = "service-123@gcp-sa-notebooks.iam.gserviceaccount.com"
      storage   = "service-123@gs-project-accounts.iam.gserviceaccount.com"
    }
    error_message = "Service agents are named by the project's number."
  }
}

run "who_encrypts_logs_and_jobs" {
  command = plan
  variables {
    keeps_logs = true
    features   = ["maintenance"]
  }
  assert {
    condition     = length(setintersection(keys(output.service_agents), ["logging", "run"])) == 2
    error_message = "The key's owner must learn who encrypts logs, and what the jobs run."
  }
}

run "a_fleet_name_that_is_none" {
  command = plan
  variables {
    fleet_name = "Fraud Analytics"
  }
  expect_failures = [var.fleet_name]
}
