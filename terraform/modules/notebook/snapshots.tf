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
