locals {
  _endpoints = jsondecode(file("${path.module}/google_endpoints.json"))
  _vip       = local._endpoints.vips[var.vip]
  _public    = jsondecode(file("${path.module}/google_public.json"))

  _domains = toset(local._endpoints.domains[*].domain)
}

resource "google_dns_managed_zone" "google" {
  for_each = local._domains

  project     = var.project_id
  name        = "${local._prefix}-${replace(each.key, ".", "-")}"
  description = "${each.key} on the ${var.vip} virtual IP of Private Google Access."
  dns_name    = "${each.key}."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "apex" {
  for_each = google_dns_managed_zone.google

  project      = var.project_id
  managed_zone = each.value.name
  name         = each.value.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = local._vip.addresses
}

resource "google_dns_record_set" "wildcard" {
  for_each = google_dns_managed_zone.google

  project      = var.project_id
  managed_zone = each.value.name
  name         = "*.${each.value.dns_name}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.value.dns_name]
}

resource "google_dns_policy" "logging" {
  project        = var.project_id
  name           = "${local._prefix}-dns-logging"
  description    = "Logs every name that a notebook asks for."
  enable_logging = true

  networks {
    network_url = google_compute_network.this.id
  }
}
