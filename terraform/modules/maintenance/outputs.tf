output "job" {
  description = "Name of the Cloud Run job."
  value       = google_cloud_run_v2_job.prune.name
}

output "service_account" {
  description = "E-mail of the account that the job runs as."
  value       = google_service_account.prune.email
}
