output "id" {
  description = "The notebook, as `projects/PROJECT/locations/ZONE/instances/NAME`."
  value       = google_workbench_instance.this.id
}

output "labels" {
  description = "Labels of the notebook, the owner's among them."
  value       = local.labels
}

output "metadata" {
  description = "Metadata that the module sets; Workbench adds its own."
  value       = local.metadata
}

output "proxy_uri" {
  description = "Host name of JupyterLab behind the Workbench proxy."
  value       = google_workbench_instance.this.proxy_uri
}

output "service_account" {
  description = "E-mail of the VM's service account: the notebook's own, or Google's service agent with managed end-user credentials."
  value       = var.managed_euc ? one(google_workbench_instance.this.gce_setup[0].service_accounts[*].email) : local.service_account
  depends_on  = [google_service_account.this]
}
