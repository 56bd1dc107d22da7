# Endpoints and credentials come from the environment: nothing here knows whether it talks to Google or to the sandbox.
provider "google" {
  project        = module.fleet_file.fleet.project
  region         = module.fleet_file.fleet.region
  default_labels = module.fleet_file.fleet.labels
}
