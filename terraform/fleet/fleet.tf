module "fleet_file" {
  source = "../modules/fleet-file"

  path               = var.fleet_file
  rendered_directory = var.rendered_directory
  target             = var.target
}

locals {
  fleet     = module.fleet_file.fleet
  notebooks = module.fleet_file.notebooks
  network   = one(concat(module.network, module.shared_network))
  kms_key   = one(concat(module.encryption[*].kms_key, compact([local.fleet.encryption.kms_key])))
}

module "project" {
  source = "../modules/project"

  project_id = local.fleet.project
  fleet_name = local.fleet.name
  features = compact([
    length(try(local.fleet.maintenance.jobs, {})) == 0 ? "" : "maintenance",
    try(local.fleet.observability.budget, null) == null ? "" : "budget",
    local.fleet.network.egress.mode == "secure-web-proxy" ? "secure-web-proxy" : "",
  ])
  keeps_logs = local.fleet.observability != null
}

module "network" {
  source = "../modules/network"
  count  = local.fleet.network.create ? 1 : 0

  project_id = local.fleet.project
  name       = local.fleet.network.name
  labels     = local.fleet.labels
  subnet     = local.fleet.network.subnet
  vip        = local.fleet.network.vip
  egress     = local.fleet.network.egress
  iap_ssh    = local.fleet.network.iap_ssh

  depends_on = [module.project]
}

module "shared_network" {
  source = "../modules/shared-network"
  count  = local.fleet.network.create ? 0 : 1

  host_project_id         = local.fleet.network.host_project
  name                    = local.fleet.network.name
  subnet                  = local.fleet.network.subnet
  notebooks_service_agent = module.project.service_agents.notebooks
}

module "perimeter" {
  source = "../modules/perimeter"
  count  = local.fleet.perimeter.mode == "disabled" ? 0 : 1

  name                   = local.fleet.perimeter.name
  mode                   = local.fleet.perimeter.mode
  organization           = local.fleet.perimeter.organization
  access_policy          = local.fleet.perimeter.access_policy
  access_levels          = local.fleet.perimeter.access_levels
  existing_access_levels = local.fleet.perimeter.existing_access_levels
  ingress                = local.fleet.perimeter.ingress
  egress                 = local.fleet.perimeter.egress
  project_number         = module.project.number

  additional_services = local.fleet.perimeter.restricted_services
  accessible_services = local.fleet.perimeter.accessible_services

  # Workbench needs a shared VPC's host project in the perimeter of the project that holds the notebooks.
  additional_project_numbers = module.shared_network[*].host_project_number

  depends_on = [module.project]
}

module "encryption" {
  source = "../modules/encryption"
  count  = local.fleet.encryption.create ? 1 : 0

  project_id       = local.fleet.project
  location         = local.fleet.region
  labels           = local.fleet.labels
  key_ring         = local.fleet.encryption.key_ring
  key              = local.fleet.encryption.key
  rotation_days    = local.fleet.encryption.rotation_days
  protection_level = local.fleet.encryption.protection_level
  deletion_policy  = local.fleet.encryption.deletion_policy
  service_agents   = module.project.service_agents
}

module "observability" {
  source = "../modules/observability"
  count  = local.fleet.observability == null ? 0 : 1

  project_id     = local.fleet.project
  fleet_name     = local.fleet.name
  location       = local.fleet.region
  labels         = local.fleet.labels
  retention_days = local.fleet.observability.retention_days
  locked         = local.fleet.observability.locked
  notify         = local.fleet.observability.notify
  kms_key        = local.kms_key
  budget         = local.fleet.observability.budget
  project_number = module.project.number
  upgrader       = try(module.maintenance[0].service_accounts["upgrade"], null)
  jobs = local.fleet.maintenance == null ? {} : {
    for name, job in local.fleet.maintenance.jobs :
    name => {
      name               = module.maintenance[0].jobs[name]
      silent_after_hours = job.silent_after_hours
    }
  }
  made_before = {
    maintenance   = module.maintenance
    network       = local.network
    notebook      = module.notebook
    perimeter     = module.perimeter
    script_bucket = module.script_bucket
    sync_bucket   = module.sync_bucket
  }

  depends_on = [module.project]
}

module "maintenance" {
  source = "../modules/maintenance"
  count  = local.fleet.maintenance == null ? 0 : 1

  project_id = local.fleet.project
  fleet_name = local.fleet.name
  fleet_file = file(var.fleet_file)
  location   = local.fleet.region
  labels     = local.fleet.labels
  bucket     = module.fleet_file.operations_bucket
  kms_key    = local.kms_key
  image      = local.fleet.maintenance.image
  jobs       = local.fleet.maintenance.jobs
  served_by  = local.fleet.maintenance.served_by

  depends_on = [module.project]
}

module "script_bucket" {
  source = "../modules/script-bucket"

  project_id = local.fleet.project
  name       = module.fleet_file.script_bucket
  location   = local.fleet.region
  labels     = local.fleet.labels
  kms_key    = local.kms_key
  scripts    = module.fleet_file.scripts

  depends_on = [module.project]
}

module "sync_bucket" {
  source   = "../modules/sync-bucket"
  for_each = module.fleet_file.sync_buckets

  project_id    = local.fleet.project
  name          = each.value
  location      = local.fleet.region
  kms_key       = local.kms_key
  labels        = module.notebook[each.key].labels
  writer        = module.notebook[each.key].service_account
  force_destroy = !local.notebooks[each.key].deletion_protection

  noncurrent_days   = local.notebooks[each.key].sync_bucket.noncurrent_days
  soft_delete_days  = local.notebooks[each.key].sync_bucket.soft_delete_days
  retention_days    = local.notebooks[each.key].sync_bucket.retention_days
  access_log_bucket = local.notebooks[each.key].sync_bucket.access_log_bucket
}

module "notebook" {
  source   = "../modules/notebook"
  for_each = local.notebooks

  project_id           = local.fleet.project
  name                 = each.key
  zone                 = each.value.zone
  owner                = each.value.owner
  labels               = each.value.labels
  network              = { network = local.network.network, subnet = local.network.subnet }
  profile              = each.value.profile
  kms_key              = local.kms_key
  vm_role              = module.project.vm_role
  managed_euc          = each.value.managed_euc
  idle_timeout_seconds = each.value.idle_timeout_seconds
  exemptions           = each.value.exemptions
  additional_metadata  = each.value.metadata
  deletion_protection  = each.value.deletion_protection
  data_disk_snapshots  = each.value.data_disk_snapshots
  post_startup_script  = try(merge(module.script_bucket.scripts[each.key], { behavior = each.value.post_startup_behavior }), null)
}
