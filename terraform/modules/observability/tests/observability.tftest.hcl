mock_provider "google" {
  mock_resource "google_logging_project_bucket_config" {
    defaults = { id = "projects/project/locations/europe-west1/buckets/nbp-research-audit" }
  }
  mock_resource "google_monitoring_notification_channel" {
    defaults = { name = "projects/project/notificationChannels/1" }
  }
}

variables {
  project_id = "project"
  fleet_name = "research"
  location   = "europe-west1"
  notify     = ["security@example.com"]
  labels     = { environment = "test" }
}

run "audit_logs_are_kept_and_locked" {
  command = apply
  assert {
    condition     = google_logging_project_bucket_config.audit.locked && google_logging_project_bucket_config.audit.retention_days == 400
    error_message = "The bucket must be locked, for 400 days."
  }
  assert {
    condition     = google_logging_project_sink.audit.destination == "logging.googleapis.com/projects/project/locations/europe-west1/buckets/nbp-research-audit"
    error_message = "The sink must lead into the bucket."
  }
  assert {
    condition     = strcontains(google_logging_project_sink.audit.filter, "data_access") && strcontains(google_logging_project_sink.audit.filter, "activity") && strcontains(google_logging_project_sink.audit.filter, "policy")
    error_message = "Activity, data access and policy violations must be kept."
  }
  assert {
    condition     = alltrue([for config in google_project_iam_audit_config.data_access : length(config.audit_log_config) == 3]) && length(google_project_iam_audit_config.data_access) == 2
    error_message = "Every kind of access to Notebooks and Cloud Storage must be logged."
  }
}

run "every_alert_is_counted_and_told" {
  command = apply
  assert {
    condition     = !contains(keys(local._alerts), "prune-failed") && keys(output.alert_policies) == keys(local._alerts) && keys(google_logging_metric.this) == keys(local._alerts)
    error_message = "Each row of alerts.json must have a metric and a policy."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : policy.notification_channels == tolist(["projects/project/notificationChannels/1"])])
    error_message = "Who is to be told must be told of each."
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.fleet.dashboard_json).gridLayout.widgets) == length(local._alerts)
    error_message = "The dashboard must show each."
  }
}

run "without_a_job_nobody_is_left_out" {
  command = plan
  assert {
    condition     = endswith(local._alerts["idle-shutdown-off"].filter, "AND NOT protoPayload.authenticationInfo.principalEmail=\"nobody\"")
    error_message = "Where no job upgrades, whoever takes idle shutdown off is told of."
  }
}

run "stale_copies_are_told" {
  command = plan
  assert {
    condition     = local._alerts["sync-stale"].filter == "logName=\"projects/project/logs/notebook-provisioner-sync\" AND jsonPayload.stale=true"
    error_message = "The alert must look at the log that notebooks write."
  }
}

run "jobs_are_watched" {
  command = apply
  variables {
    jobs = {
      prune   = { name = "nbp-research-prune", silent_after_hours = 26 }
      upgrade = { name = "nbp-research-upgrade", silent_after_hours = 3 }
    }
    upgrader = "nbp-research-upgrade@project.iam.gserviceaccount.com"
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["prune-failed"].conditions[0].condition_matched_log[0].filter, "job_name=\"nbp-research-prune\"")
    error_message = "The alert must look for the job by its name."
  }
  assert {
    condition     = endswith(local._alerts["idle-shutdown-off"].filter, "AND NOT protoPayload.authenticationInfo.principalEmail=\"nbp-research-upgrade@project.iam.gserviceaccount.com\"")
    error_message = "An upgrade holds idle shutdown off, and nobody is woken for it."
  }
  assert {
    condition     = alltrue([for name in ["upgrade-run-failed", "prune-silent", "upgrade-silent"] : contains(keys(output.alert_policies), name)])
    error_message = "Failure and silence must be told, of each job."
  }
  assert {
    condition = jsonencode([
      for job in ["prune", "upgrade"] : [
        google_monitoring_alert_policy.silent[job].conditions[0].condition_absent[0].aggregations[0].alignment_period,
        google_monitoring_alert_policy.silent[job].conditions[0].condition_absent[0].duration,
      ]
    ]) == jsonencode([["90000s", "3600s"], ["10800s", "120s"]])
    error_message = "No window is longer than an alert takes, and together they are the hours that were given."
  }
  assert {
    condition = jsonencode([
      for job in ["prune", "upgrade"] : [
        google_monitoring_alert_policy.silent[job].conditions[1].condition_threshold[0].evaluation_missing_data,
        google_monitoring_alert_policy.silent[job].conditions[1].condition_threshold[0].comparison,
        google_monitoring_alert_policy.silent[job].conditions[1].condition_threshold[0].threshold_value,
        google_monitoring_alert_policy.silent[job].conditions[1].condition_threshold[0].duration,
      ]
    ]) == jsonencode([["EVALUATION_MISSING_DATA_ACTIVE", "COMPARISON_LT", 1, "3600s"], ["EVALUATION_MISSING_DATA_ACTIVE", "COMPARISON_LT", 1, "120s"]])
    error_message = "No success is as bad as no data: a job that never ran is silent, too."
  }
}

run "logs_are_encrypted_with_a_key_of_ones_own" {
  command = plan
  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/r/cryptoKeys/k"
  }
  assert {
    condition     = google_logging_project_bucket_config.audit.cmek_settings[0].kms_key_name == "projects/keys/locations/europe-west1/keyRings/r/cryptoKeys/k"
    error_message = "The log bucket must use the key."
  }
}

run "costs_are_told" {
  command = apply
  variables {
    project_number = "123"
    budget         = { billing_account = "012345-6789AB-CDEF01", monthly = 5000, currency = "EUR", thresholds = [100, 50] }
  }
  assert {
    condition     = google_billing_budget.this["012345-6789AB-CDEF01"].budget_filter[0].projects == toset(["projects/123"])
    error_message = "The budget is the project's."
  }
  assert {
    condition     = jsonencode(google_billing_budget.this["012345-6789AB-CDEF01"].threshold_rules[*].threshold_percent) == "[0.5,1]"
    error_message = "Percentages are told as parts, smallest first."
  }
  assert {
    condition     = google_billing_budget.this["012345-6789AB-CDEF01"].all_updates_rule[0].monitoring_notification_channels == tolist(["projects/project/notificationChannels/1"])
    error_message = "Who is told of alerts is told of costs."
  }
}

run "no_budget_that_nobody_hears_of" {
  command = plan
  variables {
    notify         = []
    project_number = "123"
    budget         = { billing_account = "012345-6789AB-CDEF01", monthly = 5000, currency = "EUR" }
  }
  expect_failures = [var.budget]
}

run "a_budget_by_the_account_s_title" {
  command = plan
  variables {
    notify         = ["security@example.com"]
    project_number = "123"
    budget         = { billing_account = "Acme", monthly = 5000, currency = "EUR" }
  }
  expect_failures = [var.budget]
}

run "no_silence_longer_than_an_alert_sees" {
  command = plan
  variables {
    jobs = { prune = { name = "nbp-research-prune", silent_after_hours = 72 } }
  }
  expect_failures = [var.jobs]
}

run "nobody_is_told_at_a_group_name" {
  command = plan
  variables {
    notify = ["security"]
  }
  expect_failures = [var.notify]
}

run "logs_are_kept_for_a_month_at_least" {
  command = plan
  variables {
    retention_days = 7
  }
  expect_failures = [var.retention_days]
}
