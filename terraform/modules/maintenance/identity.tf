# Exactly what `nbp snapshots prune` calls. No key: the job runs as the first account, the scheduler calls as the second.
resource "google_project_iam_custom_role" "prune" {
  project     = var.project_id
  role_id     = "nbp_${replace(var.fleet_name, "-", "_")}_prune"
  title       = "Snapshot clean-up of fleet ${var.fleet_name}"
  description = "Reads notebooks, and reads, labels and deletes snapshots."
  permissions = [
    "compute.globalOperations.get",
    "compute.snapshots.delete",
    "compute.snapshots.get",
    "compute.snapshots.list",
    "compute.snapshots.setLabels",
    "notebooks.instances.get",
    "notebooks.instances.list",
  ]
}

resource "google_service_account" "prune" {
  project      = var.project_id
  account_id   = "${local._short_name}-prune"
  display_name = "Snapshot clean-up of fleet ${var.fleet_name}"
}

resource "google_project_iam_member" "prune" {
  project = var.project_id
  role    = google_project_iam_custom_role.prune.name
  member  = google_service_account.prune.member
}

resource "google_storage_bucket_iam_member" "fleet_file" {
  bucket = var.fleet_file.bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.prune.member
}

# The lease keeps two runs apart; the job may write that object and no other.
resource "google_storage_bucket_iam_member" "lease" {
  bucket = var.lease.bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.prune.member

  condition {
    title       = "Only the lease"
    description = "The lease of the snapshot clean-up of fleet ${var.fleet_name}."
    expression  = "resource.name.startsWith(\"projects/_/buckets/${var.lease.bucket}/objects/${var.lease.object}\")"
  }
}

resource "google_service_account" "scheduler" {
  project      = var.project_id
  account_id   = "${local._short_name}-timer"
  display_name = "Starts the snapshot clean-up of fleet ${var.fleet_name}"
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  project  = var.project_id
  location = var.location
  name     = google_cloud_run_v2_job.prune.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
