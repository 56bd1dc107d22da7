output "alert_policies" {
  description = "The alert policies, as {NAME => `projects/PROJECT/alertPolicies/ID`}."
  value = merge(
    { for name, policy in google_monitoring_alert_policy.this : name => policy.name },
    { for job, policy in google_monitoring_alert_policy.silent : "${job}-silent" => policy.name },
  )
}

output "dashboard" {
  description = "The dashboard, as `projects/NUMBER/dashboards/ID`."
  value       = google_monitoring_dashboard.fleet.id
}

output "log_bucket" {
  description = "The log bucket, as `projects/PROJECT/locations/REGION/buckets/NAME`."
  value       = google_logging_project_bucket_config.audit.id
}
