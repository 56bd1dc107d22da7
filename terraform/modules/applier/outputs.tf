output "pipeline_provider" {
  description = "Full name of the workload identity provider, which a pipeline is configured with; null where there is none."
  value       = one(google_iam_workload_identity_pool_provider.pipeline[*].name)
}

output "roles_elsewhere" {
  description = "Roles that a fleet may need outside the project, which somebody else grants: what they are for, and where."
  value = {
    for row in local._catalogue : row.role => { scope = row.scope, why = row.why }
    if row.scope != "project" && !(row.scope == "access policy" && var.access_policy != null)
  }
}

output "service_account" {
  description = "E-mail address of the account that applies."
  value       = google_service_account.this.email
}
