# Who does a job's work here: this fleet's own job, or that of the fleet that serves this one. The same role either way.
locals {
  _served = { for name in try(var.served_by.jobs, []) : name => local._catalogue[name] }
  _work   = merge(local._jobs, local._served)
  _accounts = merge(
    { for name, account in google_service_account.job : name => account.email },
    { for name in keys(local._served) : name => "${local._short_names.there}-${name}@${var.served_by.project}.iam.gserviceaccount.com" },
  )
}

# Each job is a service account with a role that holds what its command calls (jobs.json), and no key.
resource "google_project_iam_custom_role" "job" {
  for_each = local._work

  project     = var.project_id
  role_id     = "nbp_${replace(var.fleet_name, "-", "_")}_${each.key}"
  title       = "${each.value.title} of fleet ${var.fleet_name}"
  description = each.value.does
  permissions = each.value.permissions[*].permission
}

resource "google_service_account" "job" {
  for_each = local._jobs

  project      = var.project_id
  account_id   = "${local._short_names.here}-${each.key}"
  display_name = "${each.value.title} of fleet ${var.fleet_name}"
}

resource "google_project_iam_member" "job" {
  for_each = local._work

  project = var.project_id
  role    = "projects/${var.project_id}/roles/${google_project_iam_custom_role.job[each.key].role_id}" # a plan shows it
  member  = "serviceAccount:${local._accounts[each.key]}"

  # Where somebody else took the bucket's name first, no job may do anything here by the file that they put there.
  depends_on = [module.bucket]
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = local._work

  bucket = module.bucket.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${local._accounts[each.key]}"
}

# A job writes what keeps its runs apart, and cannot touch the fleet file.
resource "google_storage_bucket_iam_member" "writer" {
  for_each = local._work

  bucket = module.bucket.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${local._accounts[each.key]}"

  condition {
    title       = "Only its own runs"
    description = "Leases and open records of: ${each.value.title}."
    expression  = join(" || ", [for folder in each.value.folders : "resource.name.startsWith(\"projects/_/buckets/${var.bucket}/objects/${folder}\")"])
  }
}

resource "google_service_account" "timer" {
  count = length(local._jobs) == 0 ? 0 : 1

  project      = var.project_id
  account_id   = "${local._short_names.here}-timer"
  display_name = "Starts the maintenance jobs of fleet ${var.fleet_name}"
}

resource "google_cloud_run_v2_job_iam_member" "timer" {
  for_each = local._jobs

  project  = var.project_id
  location = var.location
  name     = google_cloud_run_v2_job.this[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.timer[0].member
}
