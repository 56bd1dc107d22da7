# A service account's id takes 30 characters.
locals {
  _full_name  = "nbp-${var.fleet_name}"
  _short_name = length(local._full_name) <= 23 ? local._full_name : "${substr(local._full_name, 0, 14)}-${substr(sha256(local._full_name), 0, 8)}"
}

resource "google_cloud_run_v2_job" "prune" {
  project             = var.project_id
  location            = var.location
  name                = "nbp-${var.fleet_name}-prune"
  labels              = var.labels
  deletion_protection = false # it holds nothing that an apply does not bring back

  template {
    task_count  = var.shards
    parallelism = 1 # one lease: shards take their turns

    template {
      service_account = google_service_account.prune.email
      max_retries     = 1 # what failed is looked at; the next run is on its way anyway
      timeout         = "7200s"

      containers {
        image = var.image
        args = [
          "snapshots", "prune", "--due", "--yes",
          "--fleet", "/fleet/${var.fleet_file.object}",
          "--lease", "gs://${var.lease.bucket}/${var.lease.object}",
        ]

        volume_mounts {
          name       = "fleet"
          mount_path = "/fleet"
        }
      }

      volumes {
        name = "fleet"
        gcs {
          bucket    = var.fleet_file.bucket
          read_only = true
        }
      }
    }
  }

  depends_on = [
    google_project_iam_member.prune,
    google_storage_bucket_iam_member.fleet_file,
    google_storage_bucket_iam_member.lease,
  ]
}

resource "google_cloud_scheduler_job" "prune" {
  project     = var.project_id
  region      = var.location
  name        = "nbp-${var.fleet_name}-prune"
  description = "Starts the snapshot clean-up of fleet ${var.fleet_name}."
  schedule    = var.schedule
  time_zone   = var.time_zone

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.location}/jobs/${google_cloud_run_v2_job.prune.name}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
