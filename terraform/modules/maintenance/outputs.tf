output "bucket" {
  description = "Name of the bucket that holds the fleet file, leases and open records."
  value       = module.bucket.name
}

output "jobs" {
  description = "The Cloud Run jobs, as {JOB => NAME}: what alerts look for."
  value       = { for job, run in google_cloud_run_v2_job.this : job => run.name }
}

output "service_accounts" {
  description = "E-mail addresses of the accounts that the jobs run as, those of the fleet that serves this one too, as {JOB => E-MAIL}."
  value       = local._accounts
}
