module "services" {
  source = "../modules/services"

  project_id = var.project_id
  features   = ["bootstrap", "budget", "maintenance"]
}

module "state" {
  source = "../modules/private-bucket"

  project_id       = var.project_id
  name             = var.state_bucket
  location         = var.location
  labels           = var.labels
  kms_key          = var.state_kms_key
  noncurrent_days  = 90
  soft_delete_days = 90

  depends_on = [module.services]
}

module "applier" {
  source = "../modules/applier"

  project_id    = var.project_id
  name          = var.applier
  state_bucket  = module.state.name
  features      = var.features
  access_policy = var.access_policy
  impersonators = var.impersonators
  pipeline      = var.pipeline

  depends_on = [module.services]
}

module "service_agents" {
  source = "../modules/service-agents"

  project_id = var.project_id
  keeps_logs = true
  runs_jobs  = true
}
