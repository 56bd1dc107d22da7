# What is not started writes no line, so silence is looked for in the job's own metric: successes within the last 25 hours,
# the longest window that an alert takes (alignmentPeriod in the discovery document monitoring.v3), and a while without any.
resource "google_monitoring_alert_policy" "silent" {
  for_each = var.jobs

  project               = var.project_id
  display_name          = "Fleet ${var.fleet_name}: no success of ${each.value.name} for ${each.value.silent_after_hours} hours"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local._channels
  user_labels           = var.labels

  conditions {
    display_name = "No success for ${each.value.silent_after_hours} hours"

    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"succeeded\" AND resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"${each.value.name}\""
      duration = "${max(each.value.silent_after_hours * 3600 - local._longest_window, 120)}s" # 120 is the least

      aggregations {
        alignment_period   = "${min(each.value.silent_after_hours * 3600, local._longest_window)}s"
        per_series_aligner = "ALIGN_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The job was not started, does not end, or fails. Look at its executions, and at the timer of the same name in Cloud Scheduler."
  }
}

locals {
  _longest_window = 25 * 3600
}
