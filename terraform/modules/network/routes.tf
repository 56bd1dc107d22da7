# The internet gateway is the documented next hop for Google's virtual IPs: the traffic stays inside Google.
resource "google_compute_route" "google_apis" {
  project          = var.project_id
  name             = "${local._prefix}-google-apis-${var.vip}"
  description      = "The ${var.vip} virtual IP of Private Google Access; the only way out of this network."
  network          = google_compute_network.this.id
  dest_range       = local._vip.cidr
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000

  # Another virtual IP is another route; notebooks keep one of the two while it changes.
  lifecycle {
    create_before_destroy = true
  }
}
