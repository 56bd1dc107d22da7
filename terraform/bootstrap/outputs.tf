output "applier" {
  description = "E-mail address of the account that applies fleets."
  value       = module.applier.service_account
}

output "pipeline_provider" {
  description = "Full name of the workload identity provider, which a pipeline is configured with; null where there is none."
  value       = module.applier.pipeline_provider
}

output "roles_elsewhere" {
  description = "Roles that a fleet may need outside the project, which somebody else grants."
  value       = module.applier.roles_elsewhere
}

output "service_agents" {
  description = "Google's own service accounts in the project, as {PURPOSE => E-MAIL}. The owner of a key, or of a registry, lets them use it before the first apply."
  value       = module.service_agents.service_agents
  depends_on  = [module.services]
}

output "state_bucket" {
  description = "Name of the state bucket, for `state.bucket` in the fleet file."
  value       = module.state.name
}
