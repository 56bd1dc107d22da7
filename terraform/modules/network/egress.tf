# Egress to a list of addresses: a router with NAT for this subnet, a route for each of them, and a firewall rule that
# names them. The rule that denies all egress stays.
locals {
  _nat = var.egress.mode == "nat-allowlist" ? 1 : 0

  # Domain names stand for addresses that nobody knows beforehand, and Secure Web Proxy forwards to any address: these
  # two need a default route. What denies all egress then stands alone, and the guardrails look at all that comes before it.
  _default_route = length(var.egress.fqdns) > 0 || var.egress.mode == "secure-web-proxy" ? 1 : 0
}

resource "google_compute_route" "default" {
  count = local._default_route

  project          = var.project_id
  name             = "${local._prefix}-egress-default"
  description      = "For ${var.egress.mode}: where it leads, the firewall decides."
  network          = google_compute_network.this.id
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

resource "google_compute_router" "nat" {
  count = local._nat

  project     = var.project_id
  name        = "${local._prefix}-nat"
  description = "Carries the NAT for egress to the allow-list."
  region      = var.subnet.region
  network     = google_compute_network.this.id
}

resource "google_compute_router_nat" "nat" {
  count = local._nat

  project                            = var.project_id
  name                               = "${local._prefix}-nat"
  region                             = var.subnet.region
  router                             = google_compute_router.nat[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ALL"
  }
}

resource "google_compute_route" "allowlist" {
  for_each = local._nat == 1 ? toset(var.egress.addresses) : toset([])

  project          = var.project_id
  name             = "${local._prefix}-egress-${replace(replace(each.value, ".", "-"), "/", "-")}"
  description      = "One entry of the egress allow-list, through NAT."
  network          = google_compute_network.this.id
  dest_range       = each.value
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

resource "google_compute_firewall" "allow_egress_allowlist" {
  count = length(var.egress.addresses) > 0 ? 1 : 0

  project            = var.project_id
  name               = "${local._prefix}-allow-egress-allowlist"
  description        = "The addresses of the egress allow-list."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = local._allow_priority
  destination_ranges = var.egress.addresses

  allow {
    protocol = "tcp"
    ports    = var.egress.ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
