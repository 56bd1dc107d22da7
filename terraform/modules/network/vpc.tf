# The longest name built on the network's, a DNS zone's, adds 38 characters; Google takes 63.
locals {
  _prefix = length(var.name) <= 25 ? var.name : "${substr(var.name, 0, 16)}-${substr(sha256(var.name), 0, 8)}"
}

resource "google_compute_network" "this" {
  project                         = var.project_id
  name                            = var.name
  description                     = "Notebooks without a way to the internet; see the routes and firewall rules."
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true

  # Otherwise the rule that denies all egress would decide before a domain name could be allowed.
  network_firewall_policy_enforcement_order = length(var.egress.fqdns) > 0 ? "BEFORE_CLASSIC_FIREWALL" : "AFTER_CLASSIC_FIREWALL"
}

resource "google_compute_subnetwork" "this" {
  project                  = var.project_id
  name                     = var.subnet.name
  region                   = var.subnet.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.subnet.cidr
  stack_type               = "IPV4_ONLY" # what denies all egress is for IPv4
  private_ip_google_access = true

  log_config {
    aggregation_interval = var.flow_logs.aggregation_interval
    flow_sampling        = var.flow_logs.sampling
    metadata             = "INCLUDE_ALL_METADATA"
  }
}
