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

output "state_bucket" {
  description = "Name of the state bucket, for `state.bucket` in the fleet file."
  value       = module.state.name
}
