output "access_policy" {
  description = "Number of the access policy in use."
  value       = local._access_policy
}

output "mode" {
  description = "`dry-run` or `enforced`."
  value       = var.mode
}

output "perimeter" {
  description = "The perimeter, as `accessPolicies/POLICY/servicePerimeters/NAME`: what violations in the audit log name."
  value       = google_access_context_manager_service_perimeter.this.name
}

output "restricted_services" {
  description = "Services that the perimeter protects."
  value       = local.services
}
