output "fleet" {
  description = "The fleet apart from its notebooks: name, project, region, target, labels, network, perimeter, observability, maintenance, encryption."
  value       = local.fleet
}

output "notebooks" {
  description = "Notebooks with every value filled in, as {NAME => {…}}."
  value       = local.notebooks
}

output "operations_bucket" {
  description = "Name for the bucket of leases and open records, that maintenance and people share."
  value       = local.buckets["operations"]
}

output "script_bucket" {
  description = "Name for the bucket of post-startup scripts."
  value       = local.buckets["scripts"]
}

output "scripts" {
  description = "Content of the rendered post-startup scripts, as {NOTEBOOK => CONTENT}; none for notebooks with managed end-user credentials."
  value = var.rendered_directory == null ? {} : {
    for name, notebook in local.notebooks : name => file("${var.rendered_directory}/${name}.sh") if !notebook.managed_euc
  }
}

output "sync_buckets" {
  description = "Names for the sync buckets of the notebooks that sync, as {NOTEBOOK => BUCKET}."
  value       = { for name, notebook in local.notebooks : name => local.buckets["sync/${name}"] if notebook.sync_enabled }
}
