module "bucket" {
  source = "../private-bucket"

  project_id        = var.project_id
  name              = var.name
  location          = var.location
  kms_key           = var.kms_key
  labels            = var.labels
  force_destroy     = var.force_destroy
  noncurrent_days   = var.noncurrent_days
  soft_delete_days  = var.soft_delete_days
  retention_days    = var.retention_days
  access_log_bucket = var.access_log_bucket
}
