# What stands here runs as root on the notebooks, so notebooks can only read it. It can be rebuilt from the fleet file,
# so a destroy may delete it.
module "bucket" {
  source = "../private-bucket"

  project_id    = var.project_id
  name          = var.name
  location      = var.location
  kms_key       = var.kms_key
  labels        = var.labels
  force_destroy = true
}
