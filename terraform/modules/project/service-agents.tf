data "google_project" "this" {
  project_id = var.project_id
}

# Cloud Storage makes its agent when it is first asked for, so it is asked for before a key is granted to it.
data "google_storage_project_service_account" "this" {
  project = var.project_id
}

locals {
  service_agents = {
    compute   = "service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com"
    notebooks = "service-${data.google_project.this.number}@gcp-sa-notebooks.iam.gserviceaccount.com"
    storage   = data.google_storage_project_service_account.this.email_address
  }
}
