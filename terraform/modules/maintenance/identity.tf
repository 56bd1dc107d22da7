# Each job is a service account with a role that holds what its command calls (jobs.json), and no key.
resource "google_project_iam_custom_role" "job" {
  for_each = local._jobs

  project     = var.project_id
  role_id     = "nbp_${replace(var.fleet_name, "-", "_")}_${each.key}"
  title       = "${each.value.title} of fleet ${var.fleet_name}"
  description = each.value.does
  permissions = each.value.permissions[*].permission
}

resource "google_service_account" "job" {
  for_each = local._jobs

  project      = var.project_id
  account_id   = "${local._short_name}-${each.key}"
  display_name = "${each.value.title} of fleet ${var.fleet_name}"
}

resource "google_project_iam_member" "job" {
  for_each = local._jobs

  project = var.project_id
  role    = google_project_iam_custom_role.job[each.key].name
  member  = google_service_account.job[each.key].member
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = local._jobs

  bucket = module.bucket.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.job[each.key].member
}

# A job writes what keeps its runs apart, and cannot touch the fleet file.
resource "google_storage_bucket_iam_member" "writer" {
  for_each = local._jobs

  bucket = module.bucket.name
  role   = "roles/storage.objectUser"
  member = google_service_account.job[each.key].member

  condition {
    title       = "Only its own runs"
    description = "Leases and open records of: ${each.value.title}."
    expression  = join(" || ", [for folder in each.value.folders : "resource.name.startsWith(\"projects/_/buckets/${var.bucket}/objects/${folder}\")"])
  }
}

resource "google_service_account" "timer" {
  project      = var.project_id
  account_id   = "${local._short_name}-timer"
  display_name = "Starts the maintenance jobs of fleet ${var.fleet_name}"
}

resource "google_cloud_run_v2_job_iam_member" "timer" {
  for_each = local._jobs

  project  = var.project_id
  location = var.location
  name     = google_cloud_run_v2_job.this[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.timer.member
}
