data "google_project" "host" {
  project_id = var.host_project_id
}

# The Notebooks service agent puts VMs into the host project's subnet on the fleet's behalf. On this subnet alone.
# Who applies needs leave for it in the host project: roles.json of the module applier says which.
resource "google_compute_subnetwork_iam_member" "notebooks_agent" {
  project    = var.host_project_id
  region     = var.subnet.region
  subnetwork = var.subnet.name
  role       = "roles/compute.networkUser"
  member     = "serviceAccount:${var.notebooks_service_agent}"
}
