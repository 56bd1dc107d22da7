# Endpoints and credentials come from the environment.
provider "google" {
  project = var.project_id
  region  = var.location
}
