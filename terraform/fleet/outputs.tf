output "buckets" {
  description = "The script bucket, and the sync bucket of each notebook that syncs."
  value = {
    scripts = module.script_bucket.bucket
    sync    = { for name, bucket in module.sync_bucket : name => bucket.bucket }
  }
}

output "fleet" {
  description = "Name, project, region and target of the fleet."
  value       = { for key in ["name", "project", "region", "target"] : key => local.fleet[key] }
}

output "network" {
  description = "The network and subnet that notebooks stand in, and the URL of the proxy that they are told of; null where there is none."
  value       = { network = local.network.network, subnet = local.network.subnet, proxy = one(module.network[*].proxy) }
}

output "notebooks" {
  description = "The notebooks as they are, as {NAME => {id, zone, owner, proxy_uri, service_account}}."
  value = {
    for name, notebook in module.notebook : name => {
      id              = notebook.id
      zone            = local.notebooks[name].zone
      owner           = local.notebooks[name].owner
      proxy_uri       = notebook.proxy_uri
      service_account = notebook.service_account
    }
  }
}

output "perimeter" {
  description = "The service perimeter and its mode; null where there is none."
  value       = one([for perimeter in module.perimeter : { name = perimeter.perimeter, mode = perimeter.mode }])
}

output "resolved_notebooks" {
  description = "Notebooks as the fleet file describes them, with every value filled in."
  value       = local.notebooks
}

output "service_agents" {
  description = "Google's own service accounts in the project, as {PURPOSE => E-MAIL}. The owner of a key that is not made here lets them encrypt and decrypt with it."
  value       = module.project.service_agents
}
