output "number" {
  description = "Project number, as perimeters and service agents name the project."
  value       = data.google_project.this.number
}

output "service_agents" {
  description = "E-mail addresses, as {PURPOSE => E-MAIL}: `compute`, `notebooks`, `storage`, `logging` where the project keeps logs, and `run` where it runs jobs."
  value       = local.service_agents
}
