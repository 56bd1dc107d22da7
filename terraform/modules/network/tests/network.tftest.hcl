mock_provider "google" {}

variables {
  project_id = "project"
  name       = "notebooks"
  subnet     = { name = "notebooks", region = "europe-west1", cidr = "10.20.0.0/24" }
}

run "closed_by_default" {
  command = plan
  assert {
    condition     = google_compute_network.this.delete_default_routes_on_create && !google_compute_network.this.auto_create_subnetworks
    error_message = "The network must have no route and no subnet that was not asked for."
  }
  assert {
    condition     = google_compute_subnetwork.this.private_ip_google_access
    error_message = "Without Private Google Access a notebook without an external IP reaches nothing."
  }
  assert {
    condition     = google_compute_subnetwork.this.log_config[0].flow_sampling == 1
    error_message = "Every flow is logged unless somebody says otherwise."
  }
  assert {
    condition     = length(google_compute_router_nat.nat) == 0 && length(google_compute_route.allowlist) == 0
    error_message = "Egress mode none must leave no way out."
  }
  assert {
    condition     = length(google_compute_firewall.allow_iap_ssh) == 0
    error_message = "SSH must be closed unless asked for."
  }
}

run "the_rule_that_denies_all_egress_decides" {
  command = plan
  variables {
    egress  = { mode = "nat-allowlist", addresses = ["203.0.113.0/24", "198.51.100.7/32"], ports = [443, 8443] }
    iap_ssh = true
  }
  assert {
    condition = (
      google_compute_firewall.deny_egress.destination_ranges == toset(["0.0.0.0/0"])
      && one(google_compute_firewall.deny_egress.deny).protocol == "all"
      && google_compute_firewall.deny_egress.priority < 65535
    )
    error_message = "All egress must be denied, before Google's implied rule that allows it."
  }
  assert {
    condition = alltrue([
      for rule in [google_compute_firewall.allow_google_apis, one(google_compute_firewall.allow_egress_allowlist)] :
      rule.priority < google_compute_firewall.deny_egress.priority && !contains(rule.destination_ranges, "0.0.0.0/0")
    ])
    error_message = "What is allowed must be named, and must come before what denies."
  }
  assert {
    condition     = one(google_compute_firewall.allow_egress_allowlist).destination_ranges == toset(["203.0.113.0/24", "198.51.100.7/32"])
    error_message = "The allow-list's rule must hold the allow-list."
  }
  assert {
    condition     = toset(values(google_compute_route.allowlist)[*].dest_range) == toset(["203.0.113.0/24", "198.51.100.7/32"])
    error_message = "Only the allow-list may be routed; there is no default route."
  }
  assert {
    condition     = one(google_compute_firewall.allow_iap_ssh).source_ranges == toset(["35.235.240.0/20"])
    error_message = "SSH may come from Identity-Aware Proxy only."
  }
}

run "one_restricted_vip_everywhere" {
  command = plan
  assert {
    condition = alltrue([
      for record in google_dns_record_set.apex :
      toset(record.rrdatas) == toset(["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]) && record.ttl == 300
    ])
    error_message = "Every zone's apex must be the four restricted addresses."
  }
  assert {
    condition = (
      google_compute_route.google_apis.dest_range == "199.36.153.4/30"
      && google_compute_firewall.allow_google_apis.destination_ranges == toset(["199.36.153.4/30"])
    )
    error_message = "Route and firewall must name the VIP that DNS answers with."
  }
  assert {
    condition     = alltrue([for record in google_dns_record_set.wildcard : startswith(record.name, "*.") && record.rrdatas == tolist([trimprefix(record.name, "*.")])])
    error_message = "Every name below a domain must lead to its apex."
  }
}

run "one_private_vip_everywhere" {
  command = plan
  variables {
    vip = "private"
  }
  assert {
    condition = alltrue([
      for record in google_dns_record_set.apex :
      toset(record.rrdatas) == toset(["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"])
    ])
    error_message = "Every zone's apex must be the four private addresses."
  }
  assert {
    condition = (
      google_compute_route.google_apis.dest_range == "199.36.153.8/30"
      && google_compute_firewall.allow_google_apis.destination_ranges == toset(["199.36.153.8/30"])
    )
    error_message = "Route and firewall must name the VIP that DNS answers with."
  }
}

run "every_domain_that_workbench_needs" {
  command = plan
  assert {
    condition = toset(output.dns_domains) == toset([
      "gcr.io",
      "googleapis.com",
      "kernels.googleusercontent.com",
      "notebooks.byoid.googleusercontent.com",
      "notebooks.cloud.google.com",
      "notebooks.googleapis.com",
      "notebooks.googleusercontent.com",
      "pkg.dev",
    ])
    error_message = "Zones must cover Workbench: ${jsonencode(output.dns_domains)}"
  }
  assert {
    condition     = keys(google_dns_record_set.apex) == keys(google_dns_managed_zone.google) && keys(google_dns_record_set.wildcard) == keys(google_dns_managed_zone.google)
    error_message = "Each zone needs its apex and its wildcard."
  }
}

run "long_names_fit" {
  command = plan
  variables {
    name   = "a-network-name-that-takes-all-the-sixty-three-characters-it-may"
    egress = { mode = "nat-allowlist", addresses = ["203.113.113.113/32"] }
  }
  assert {
    condition = alltrue([
      for name in concat(
        values(google_dns_managed_zone.google)[*].name,
        values(google_compute_route.allowlist)[*].name,
        google_compute_firewall.allow_egress_allowlist[*].name,
        [google_dns_policy.logging.name],
      ) : length(name) <= 63
    ])
    error_message = "Google takes 63 characters."
  }
}

run "mixed_vips" {
  command = plan
  variables {
    vip = "both"
  }
  expect_failures = [var.vip]
}

run "an_allowlist_that_allows_everything" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["0.0.0.0/0"] }
  }
  expect_failures = [var.egress]
}

run "an_allowlist_that_allows_half_of_everything" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["128.0.0.0/1"] }
  }
  expect_failures = [var.egress]
}

run "an_allowlist_with_nothing_on_it" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist" }
  }
  expect_failures = [var.egress]
}

run "addresses_without_the_mode_that_takes_them" {
  command = plan
  variables {
    egress = { mode = "none", addresses = ["203.0.113.0/24"] }
  }
  expect_failures = [var.egress]
}

run "a_range_that_begins_in_its_middle" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["203.0.113.7/24"] }
  }
  expect_failures = [var.egress]
}

run "secure_web_proxy_is_not_built" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy" }
  }
  expect_failures = [var.egress]
}

run "fqdns_are_not_built" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["203.0.113.0/24"], fqdns = ["docs.example.com"] }
  }
  expect_failures = [var.egress]
}

run "flow_logs_cannot_be_off" {
  command = plan
  variables {
    flow_logs = { sampling = 0 }
  }
  expect_failures = [var.flow_logs]
}

run "a_subnet_that_begins_in_its_middle" {
  command = plan
  variables {
    subnet = { name = "notebooks", region = "europe-west1", cidr = "10.20.0.5/24" }
  }
  expect_failures = [var.subnet]
}

run "a_network_name_that_google_refuses" {
  command = plan
  variables {
    name = "Notebooks"
  }
  expect_failures = [var.name]
}
