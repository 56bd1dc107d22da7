mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "456" }
  }
  mock_data "google_compute_subnetwork" {
    defaults = {
      network                  = "https://www.googleapis.com/compute/v1/projects/host/global/networks/shared"
      private_ip_google_access = true
    }
  }
}

variables {
  host_project_id         = "host"
  name                    = "shared"
  subnet                  = { name = "notebooks", region = "europe-west4" }
  notebooks_service_agent = "service-123@gcp-sa-notebooks.iam.gserviceaccount.com"
}

run "references_and_one_grant" {
  command = apply
  assert {
    condition     = output.network == "projects/host/global/networks/shared" && output.subnet == "projects/host/regions/europe-west4/subnetworks/notebooks"
    error_message = "The paths must lead into the host project."
  }
  assert {
    condition     = output.host_project_number == "456"
    error_message = "A perimeter needs the host project's number."
  }
  assert {
    condition     = google_compute_subnetwork_iam_member.notebooks_agent.role == "roles/compute.networkUser"
    error_message = "The Notebooks service agent uses the subnet, and nothing more."
  }
}

run "somebody_else_may_not_use_the_subnet" {
  command = plan
  variables {
    notebooks_service_agent = "ana@example.com"
  }
  expect_failures = [var.notebooks_service_agent]
}

run "a_subnet_without_private_google_access" {
  command = plan
  override_data {
    target = data.google_compute_subnetwork.this
    values = {
      network                  = "https://www.googleapis.com/compute/v1/projects/host/global/networks/shared"
      private_ip_google_access = false
    }
  }
  expect_failures = [data.google_compute_subnetwork.this]
}

run "a_subnet_of_another_network" {
  command = plan
  override_data {
    target = data.google_compute_subnetwork.this
    values = {
      network                  = "https://www.googleapis.com/compute/v1/projects/host/global/networks/other"
      private_ip_google_access = true
    }
  }
  expect_failures = [data.google_compute_subnetwork.this]
}
