# nbp puts a gcs backend here for a fleet file that names a state bucket.
terraform {
  backend "local" {}
}
