module "services" {
  source = "../services"

  project_id = var.project_id
  features   = var.features
}

module "service_agents" {
  source = "../service-agents"

  project_id = var.project_id
  keeps_logs = var.keeps_logs
  runs_jobs  = contains(var.features, "maintenance")
}
