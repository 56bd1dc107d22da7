# A lower number wins. Every rule that allows stands at 1000, every rule that denies at 65000, so that the denials
# hold for whatever no rule names, and come before the rules that Google implies at 65535.
locals {
  _allow_priority = 1000
  _deny_priority  = 65000
}

resource "google_compute_firewall" "deny_ingress" {
  project       = var.project_id
  name          = "${local._prefix}-deny-ingress"
  description   = "Nothing comes in unless another rule names it."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = local._deny_priority
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "deny_egress" {
  project            = var.project_id
  name               = "${local._prefix}-deny-egress"
  description        = "Nothing goes out unless another rule names it."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = local._deny_priority
  destination_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "allow_google_apis" {
  project            = var.project_id
  name               = "${local._prefix}-allow-google-apis"
  description        = "HTTPS to Google's APIs on the ${var.vip} virtual IP."
  network            = google_compute_network.this.id
  direction          = "EGRESS"
  priority           = local._allow_priority
  destination_ranges = [local._vip.cidr]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "allow_iap_ssh" {
  count = var.iap_ssh ? 1 : 0

  project       = var.project_id
  name          = "${local._prefix}-allow-iap-ssh"
  description   = "SSH from Identity-Aware Proxy, which checks who is calling."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = local._allow_priority
  source_ranges = ["35.235.240.0/20"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
