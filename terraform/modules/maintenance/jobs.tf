locals {
  _catalogue = { for job in jsondecode(file("${path.module}/jobs.json")) : job.name => job }
  _jobs      = { for name, job in var.jobs : name => merge(local._catalogue[name], job) }

  # A service account's id takes 30 characters.
  _full_names  = { here = "nbp-${var.fleet_name}", there = "nbp-${try(var.served_by.fleet, "")}" }
  _short_names = { for place, name in local._full_names : place => length(name) <= 22 ? name : "${substr(name, 0, 13)}-${substr(sha256(name), 0, 8)}" }
}

resource "google_cloud_run_v2_job" "this" {
  for_each = local._jobs

  project             = var.project_id
  location            = var.location
  name                = "nbp-${var.fleet_name}-${each.key}"
  labels              = var.labels
  deletion_protection = false # it holds nothing that an apply does not bring back

  template {
    task_count = each.value.tasks
    # Tasks of one fleet take their turns: together they would outrun the project's request quota. Those of several fleets
    # run side by side: the last project's window must not close while the first one's notebooks are upgraded.
    parallelism = length(each.value.served_files) == 0 ? 1 : each.value.tasks

    template {
      service_account = google_service_account.job[each.key].email
      encryption_key  = var.kms_key
      max_retries     = 0 # a killed task leaves its lease for ten minutes: a retry would only be refused; the next run does the rest
      timeout         = "${each.value.timeout_seconds}s"

      containers {
        image = var.image
        args = concat(
          each.value.arguments,
          ["--fleet", "/fleet/${google_storage_bucket_object.fleet_file.name}", "--target", "google"],
          flatten([for file in each.value.served_files : ["--fleet", file]]),
        )

        volume_mounts {
          name       = "fleet"
          mount_path = "/fleet"
        }
      }

      volumes {
        name = "fleet"
        gcs {
          bucket    = module.bucket.name
          read_only = true
        }
      }
    }
  }

  depends_on = [
    google_project_iam_member.job,
    google_storage_bucket_iam_member.reader,
    google_storage_bucket_iam_member.writer,
  ]
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local._jobs

  project     = var.project_id
  region      = var.location
  name        = google_cloud_run_v2_job.this[each.key].name
  description = "${each.value.title} of fleet ${var.fleet_name}."
  schedule    = each.value.schedule
  time_zone   = each.value.time_zone

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.location}/jobs/${google_cloud_run_v2_job.this[each.key].name}:run"

    oauth_token {
      service_account_email = google_service_account.timer[0].email
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.timer]
}
