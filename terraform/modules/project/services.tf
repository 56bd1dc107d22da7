module "services" {
  source = "../services"

  project_id = var.project_id
  features   = var.features
}
