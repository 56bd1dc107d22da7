# Secure Web Proxy: notebooks reach one address, the proxy's, and it reaches the listed hosts. Google makes a router with
# NAT beside the first gateway of a network, for the proxies and for no VM.
locals {
  _proxy = var.egress.mode == "secure-web-proxy" ? 1 : 0

  # The last address of the subnet that Google leaves free: known before anything is made, for the notebooks' scripts.
  # `core/fleet/proxy.py` says the same.
  _proxy_address = cidrhost(var.subnet.cidr, -3)
  _proxy_port    = var.egress.certificate == null ? 80 : 443
  _proxy_host    = try(var.egress.certificate.hostname, local._proxy_address)
  _proxy_url     = "${var.egress.certificate == null ? "http" : "https"}://${local._proxy_host}:${local._proxy_port}"

  # Written out from what is known before an apply, so that a plan shows which policy the proxy asks, and which list.
  _policy = one([
    for policy in google_network_security_gateway_security_policy.proxy : "projects/${policy.project}/locations/${policy.location}/gatewaySecurityPolicies/${policy.name}"
  ])
  _url_list = one([
    for list in google_network_security_url_lists.allowed : "projects/${list.project}/locations/${list.location}/urlLists/${list.name}"
  ])
}

resource "google_compute_subnetwork" "proxies" {
  count = local._proxy

  project       = var.project_id
  name          = "${local._prefix}-proxies"
  region        = var.subnet.region
  network       = google_compute_network.this.id
  ip_cidr_range = var.egress.proxy_cidr
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

resource "google_network_security_url_lists" "allowed" {
  count = local._proxy

  project     = var.project_id
  name        = "${local._prefix}-allowed"
  location    = var.subnet.region
  description = "Hosts that notebooks may reach through the proxy."
  values      = var.egress.hosts

  # The provider forgets that a URL list cannot move (7.46: location is not ForceNew there).
  lifecycle {
    replace_triggered_by = [google_compute_subnetwork.proxies[0].region]
  }
}

resource "google_network_security_gateway_security_policy" "proxy" {
  count = local._proxy

  project     = var.project_id
  name        = "${local._prefix}-proxy"
  location    = var.subnet.region
  description = "Denies what no rule of it allows."
}

resource "google_network_security_gateway_security_policy_rule" "allow_hosts" {
  count = local._proxy

  project                 = var.project_id
  name                    = "${local._prefix}-allow-hosts"
  location                = var.subnet.region
  description             = "The hosts of the allow-list."
  gateway_security_policy = google_network_security_gateway_security_policy.proxy[0].name
  enabled                 = true
  priority                = 1000
  session_matcher         = "inUrlList(host(), '${local._url_list}')"
  basic_profile           = "ALLOW"
}

resource "google_network_services_gateway" "proxy" {
  count = local._proxy

  project                              = var.project_id
  name                                 = "${local._prefix}-proxy"
  location                             = var.subnet.region
  description                          = "The one way from the notebooks to the Internet."
  type                                 = "SECURE_WEB_GATEWAY"
  routing_mode                         = "EXPLICIT_ROUTING_MODE"
  scope                                = "${local._prefix}-proxy"
  addresses                            = [local._proxy_address]
  ports                                = [local._proxy_port]
  certificate_urls                     = var.egress.certificate[*].name
  gateway_security_policy              = local._policy
  network                              = google_compute_network.this.id
  subnetwork                           = google_compute_subnetwork.this.id
  labels                               = var.labels
  delete_swg_autogen_router_on_destroy = true

  depends_on = [
    google_compute_route.default,
    google_compute_subnetwork.proxies,
    google_network_security_gateway_security_policy_rule.allow_hosts,
  ]
}

resource "google_compute_firewall" "allow_egress_proxy" {
  count = local._proxy

  project            = var.project_id
  name               = "${local._prefix}-allow-egress-proxy"
  description        = "The proxy, and nothing behind it."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = local._allow_priority
  destination_ranges = ["${local._proxy_address}/32"]

  allow {
    protocol = "tcp"
    ports    = [local._proxy_port]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# The name in the proxy's certificate leads to its address.
resource "google_dns_managed_zone" "proxy" {
  count = var.egress.certificate == null ? 0 : 1

  project     = var.project_id
  name        = "${local._prefix}-proxy"
  description = "The proxy's name."
  dns_name    = "${var.egress.certificate.hostname}."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "proxy" {
  count = var.egress.certificate == null ? 0 : 1

  project      = var.project_id
  managed_zone = google_dns_managed_zone.proxy[0].name
  name         = google_dns_managed_zone.proxy[0].dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = [local._proxy_address]
}
