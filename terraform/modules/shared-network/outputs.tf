output "host_project_number" {
  description = "Number of the host project, which belongs into the perimeter of the projects that use its network."
  value       = data.google_project.host.number
}

output "network" {
  description = "The VPC network, as `projects/PROJECT/global/networks/NAME`."
  value       = "projects/${var.host_project_id}/global/networks/${var.name}"
}

output "subnet" {
  description = "The subnet, as `projects/PROJECT/regions/REGION/subnetworks/NAME`. Known once notebooks may be put there."
  value       = "projects/${var.host_project_id}/regions/${var.subnet.region}/subnetworks/${var.subnet.name}"
  depends_on  = [google_compute_subnetwork_iam_member.notebooks_agent]
}
