# What is not started writes no line, so silence is looked for in the job's own metric: successes within the last 25 hours,
# the longest window that an alert takes (alignmentPeriod in the discovery document monitoring.v3), and a while without any.
# Absence is met only where there was a success since the policy was made or changed
# (https://cloud.google.com/monitoring/alerts/metric-absence). The second condition takes missing data for a breach
# (evaluationMissingData in the discovery document); that Google evaluates a job that never once succeeded is unverified.
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
      filter   = local._successes[each.key]
      duration = local._durations[each.key]

      aggregations {
        alignment_period   = local._windows[each.key]
        per_series_aligner = "ALIGN_SUM"
      }
    }
  }

  conditions {
    display_name = "Fewer than one success in ${each.value.silent_after_hours} hours, or no data"

    condition_threshold {
      filter                  = local._successes[each.key]
      duration                = local._durations[each.key]
      comparison              = "COMPARISON_LT"
      threshold_value         = 1
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      aggregations {
        alignment_period     = local._windows[each.key]
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The job was not started, does not end, or fails; or it never ran. Look at its executions, and at the timer of the same name in Cloud Scheduler."
  }
}

locals {
  _longest_window = 25 * 3600
  _windows        = { for job, watched in var.jobs : job => "${min(watched.silent_after_hours * 3600, local._longest_window)}s" }
  _durations      = { for job, watched in var.jobs : job => "${max(watched.silent_after_hours * 3600 - local._longest_window, 120)}s" } # 120 is the least
  _successes      = { for job, watched in var.jobs : job => "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"succeeded\" AND resource.type=\"cloud_run_job\" AND resource.labels.job_name=\"${watched.name}\"" }
}
