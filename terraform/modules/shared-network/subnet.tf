# No plan shows what somebody else's network is like. This much can be read: without Private Google Access a notebook would
# stay PROVISIONING, and tempt somebody to give it an external address.
data "google_compute_subnetwork" "this" {
  project = var.host_project_id
  region  = var.subnet.region
  name    = var.subnet.name

  lifecycle {
    postcondition {
      condition     = self.private_ip_google_access
      error_message = "The subnet ${var.subnet.name} of ${var.host_project_id} in ${var.subnet.region} has no Private Google Access, so notebooks in it would not reach Google's APIs. Its owner turns it on with: gcloud compute networks subnets update ${var.subnet.name} --project=${var.host_project_id} --region=${var.subnet.region} --enable-private-ip-google-access"
    }
    postcondition {
      condition     = endswith(self.network, "/${var.name}")
      error_message = "The subnet ${var.subnet.name} of ${var.host_project_id} in ${var.subnet.region} is in another network than ${var.name}: ${self.network}."
    }
  }
}
