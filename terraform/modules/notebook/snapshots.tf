# Daily snapshots of the user's disk. What the disk leaves behind is kept: it may be all that is left of the work.
resource "google_compute_resource_policy" "data_disk" {
  count = var.data_disk_snapshots == null ? 0 : 1

  project     = var.project_id
  name        = "nb-${var.name}-data"
  region      = join("-", slice(split("-", var.zone), 0, 2))
  description = "Daily snapshots of the data disk of notebook ${var.name}."

  snapshot_schedule_policy {
    schedule {
      daily_schedule {
        days_in_cycle = 1
        start_time    = format("%02d:00", var.data_disk_snapshots.hour)
      }
    }

    retention_policy {
      max_retention_days    = var.data_disk_snapshots.keep_days
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }

    snapshot_properties {
      labels = local.labels
    }
  }
}

# Not through the notebook's data_disks.resource_policies: hashicorp/google 7.46 plans no change there when a schedule comes
# or goes. A new notebook has a new disk.
resource "google_compute_disk_resource_policy_attachment" "data_disk" {
  count = var.data_disk_snapshots == null ? 0 : 1

  project = var.project_id
  zone    = var.zone
  disk    = "${google_workbench_instance.this.name}-data-workspace"
  name    = google_compute_resource_policy.data_disk[0].name

  lifecycle {
    replace_triggered_by = [google_workbench_instance.this.create_time]
  }
}
