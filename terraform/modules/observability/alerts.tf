locals {
  # Upgrades hold idle shutdown off for as long as they take: the account of their job is left out of the alert.
  _upgrader = coalesce(var.upgrader, "nobody")

  # An alert of a job is there if the job is.
  _alerts = {
    for alert in jsondecode(file("${path.module}/alerts.json")) : alert.name => merge(alert, {
      filter = replace(replace(
        strcontains(alert.filter, "UPGRADER") ? replace(alert.filter, "UPGRADER", local._upgrader) : alert.filter,
      "PROJECT", var.project_id), "JOB", try(var.jobs[alert.job].name, ""))
    })
    if !can(alert.job) || can(var.jobs[alert.job])
  }
  _channels = [for channel in google_monitoring_notification_channel.email : channel.name]
}

# The metrics count for the dashboard; the policies look at the log lines themselves, and so need no guess of the kind
# of resource that a line is filed under.
resource "google_logging_metric" "this" {
  for_each = local._alerts

  project     = var.project_id
  name        = "nbp-${var.fleet_name}-${each.key}"
  description = "${each.value.title}. ${each.value.why}"
  filter      = each.value.filter

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = each.value.title
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.notify

  project      = var.project_id
  display_name = "Fleet ${var.fleet_name}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels

  # The policies let go of a channel before the channel is deleted: Google keeps one that is in use.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local._alerts

  project               = var.project_id
  display_name          = "Fleet ${var.fleet_name}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local._channels
  user_labels           = var.labels

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter = each.value.filter
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.why} The log lines: `${each.value.filter}`"
  }
}
