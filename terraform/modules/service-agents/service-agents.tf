data "google_project" "this" {
  project_id = var.project_id
}

# Cloud Storage makes its agent when it is first asked for, so it is asked for before a key is granted to it.
data "google_storage_project_service_account" "this" {
  project = var.project_id
}

# Cloud Logging encrypts log buckets with an account that has to be asked for.
data "google_logging_project_cmek_settings" "this" {
  count = var.keeps_logs ? 1 : 0

  project = var.project_id
}

locals {
  service_agents = merge(
    {
      compute   = "service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com"
      notebooks = "service-${data.google_project.this.number}@gcp-sa-notebooks.iam.gserviceaccount.com"
      storage   = data.google_storage_project_service_account.this.email_address
    },
    { for settings in data.google_logging_project_cmek_settings.this : "logging" => settings.service_account_id },
    var.runs_jobs ? {
      run = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
    } : {},
  )
}
