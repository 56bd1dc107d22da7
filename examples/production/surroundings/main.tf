# What the fleet file beside it says is there already: the shared VPC, the key, the access policy. At Google three teams
# make them; in the sandbox nobody else does. `make production` applies this, and then the fleet.
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

locals {
  fleet  = yamldecode(file(var.fleet_file))
  key    = split("/", local.fleet.encryption.kms_key)
  number = data.google_project.fleet.number
}

variable "fleet_file" {
  description = "Path of the fleet file."
  type        = string
  nullable    = false
}

data "google_project" "fleet" {
  project_id = local.fleet.project
}

module "network" {
  source = "../../../terraform/modules/network"

  project_id = local.fleet.network.host_project
  name       = local.fleet.network.name
  subnet     = { name = local.fleet.network.subnet, region = local.fleet.region, cidr = "10.30.0.0/24" }
}

module "encryption" {
  source = "../../../terraform/modules/encryption"

  project_id = local.key[1]
  location   = local.key[3]
  key_ring   = local.key[5]
  key        = local.key[7]
  service_agents = {
    compute   = "service-${local.number}@compute-system.iam.gserviceaccount.com"
    notebooks = "service-${local.number}@gcp-sa-notebooks.iam.gserviceaccount.com"
    storage   = "service-${local.number}@gs-project-accounts.iam.gserviceaccount.com"
    logging   = "cmek-p${local.number}@gcp-sa-logging.iam.gserviceaccount.com"
    run       = "service-${local.number}@serverless-robot-prod.iam.gserviceaccount.com"
  }
}

resource "google_access_context_manager_access_policy" "organization" {
  parent = "organizations/123456789012"
  title  = "acme"
}

output "fleet_file" {
  description = "The fleet file for the sandbox, with the number that the access policy got."
  value = replace(replace(
    file(var.fleet_file),
    local.fleet.perimeter.access_policy, google_access_context_manager_access_policy.organization.name),
  "target: google", "target: sandbox")
}
