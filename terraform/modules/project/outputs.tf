output "number" {
  description = "Project number, as perimeters and service agents name the project."
  value       = module.service_agents.number
}

output "service_agents" {
  description = "E-mail addresses of Google's own service accounts in the project: `compute`, `notebooks`, `storage`, `logging` where it keeps logs, and `run` where it has maintenance. Known once the APIs are enabled."
  value       = module.service_agents.service_agents
  depends_on  = [module.services]
}

output "services" {
  description = "APIs that the fleet needs and that are enabled."
  value       = module.services.services
}

output "vm_role" {
  description = "Custom role that a notebook's VM holds on its own instance."
  # Put together from what is written down, where the attribute name is known after an apply alone: so a plan shows the role.
  value = "projects/${google_project_iam_custom_role.vm.project}/roles/${google_project_iam_custom_role.vm.role_id}"
}
