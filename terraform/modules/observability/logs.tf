# Audit logs in a bucket of their own: `_Default` keeps them for 30 days, and whoever administers logging can empty it.
# A locked one stays for ever, so it comes last: an apply that failed halfway has not made it.
resource "google_logging_project_bucket_config" "audit" {
  project        = var.project_id
  location       = var.location
  bucket_id      = "nbp-${var.fleet_name}-audit"
  description    = "Audit logs of fleet ${var.fleet_name}."
  retention_days = var.retention_days
  locked         = var.locked

  dynamic "cmek_settings" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = cmek_settings.value
    }
  }

  depends_on = [
    var.made_before,
    google_billing_budget.this,
    google_logging_metric.this,
    google_monitoring_alert_policy.silent,
    google_monitoring_alert_policy.this,
    google_monitoring_dashboard.fleet,
    google_project_iam_audit_config.data_access,
  ]
}

# A bucket in the sink's own project needs no grant: Cloud Logging writes there by itself.
resource "google_logging_project_sink" "audit" {
  project                = var.project_id
  name                   = "nbp-${var.fleet_name}-audit"
  description            = "Audit logs of fleet ${var.fleet_name}, for ${var.retention_days} days."
  destination            = "logging.googleapis.com/projects/${var.project_id}/locations/${var.location}/buckets/${google_logging_project_bucket_config.audit.bucket_id}" # a plan shows it
  filter                 = "log_id(\"cloudaudit.googleapis.com/activity\") OR log_id(\"cloudaudit.googleapis.com/data_access\") OR log_id(\"cloudaudit.googleapis.com/policy\") OR log_id(\"cloudaudit.googleapis.com/system_event\")"
  unique_writer_identity = true
}

# Who read what: off unless asked for. One configuration a service; it replaces what was set for that service here.
resource "google_project_iam_audit_config" "data_access" {
  for_each = toset(["notebooks.googleapis.com", "storage.googleapis.com"])

  project = var.project_id
  service = each.value

  dynamic "audit_log_config" {
    for_each = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
    content {
      log_type = audit_log_config.value
    }
  }
}
