output "services" {
  description = "The APIs, enabled."
  value       = sort(keys(google_project_service.this))
}
