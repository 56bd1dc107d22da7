# The fleet file that the jobs read, and what keeps two runs apart. People's own runs use the same leases.
module "bucket" {
  source = "../private-bucket"

  project_id    = var.project_id
  name          = var.bucket
  location      = var.location
  kms_key       = var.kms_key
  labels        = var.labels
  force_destroy = true # nothing here that an apply does not bring back
}

resource "google_storage_bucket_object" "fleet_file" {
  bucket       = module.bucket.name
  name         = "fleet.yaml"
  content      = var.fleet_file
  content_type = "application/yaml"
}
