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

run "long_names_of_a_proxy_fit" {
  command = plan
  variables {
    name   = "a-network-name-that-takes-all-the-sixty-three-characters-it-may"
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com"] }
  }
  assert {
    condition = alltrue([
      for name in concat(
        google_compute_firewall.allow_egress_proxy[*].name,
        google_compute_subnetwork.proxies[*].name,
        google_network_security_gateway_security_policy_rule.allow_hosts[*].name,
        google_network_services_gateway.proxy[*].name,
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

run "egress_to_everywhere_in_small_pieces" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["1.0.0.0/8", "3.0.0.0/24"] }
  }
  expect_failures = [var.egress]
}

run "egress_to_the_other_virtual_ip" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["199.36.153.0/24"] }
  }
  expect_failures = [var.egress]
}

run "egress_to_a_name_of_an_api" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", fqdns = ["storage.googleapis.com"] }
  }
  expect_failures = [var.egress]
}

run "a_proxy_to_all_names_of_google" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com", "*.google.com"] }
  }
  expect_failures = [var.egress]
}

run "egress_to_a_name_that_ends_like_googles" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", fqdns = ["notgoogle.com"] }
  }
}

run "one_range_of_the_widest_is_an_allow_list" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["5.0.0.0/8", "5.0.0.0/8"] }
  }
}

run "an_allowlist_without_ports" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["203.0.113.0/24"], ports = [] }
  }
  expect_failures = [var.egress]
}

run "ports_that_are_none" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["203.0.113.0/24"], ports = [443, 0] }
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

run "domain_names_go_before_the_rule_that_denies_all_egress" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", fqdns = ["docs.example.com", "data.example.com"], addresses = ["203.0.113.0/24"], ports = [443, 8443] }
  }
  assert {
    condition     = google_compute_network.this.network_firewall_policy_enforcement_order == "BEFORE_CLASSIC_FIREWALL"
    error_message = "A policy that is asked after the VPC firewall rules is never asked: they deny everything."
  }
  assert {
    condition = (
      one(one(google_compute_network_firewall_policy_rule.allow_egress_fqdns).match).dest_fqdns == tolist(["docs.example.com", "data.example.com"])
      && one(one(one(google_compute_network_firewall_policy_rule.allow_egress_fqdns).match).layer4_configs).ports == tolist(["443", "8443"])
      && one(google_compute_network_firewall_policy_rule.allow_egress_fqdns).direction == "EGRESS"
      && one(google_compute_network_firewall_policy_rule.allow_egress_fqdns).action == "allow"
    )
    error_message = "The rule must hold the names, their ports, and nothing else."
  }
  assert {
    condition     = { for direction, rule in google_compute_network_firewall_policy_rule.hand_on : direction => rule.action } == { EGRESS = "goto_next", INGRESS = "goto_next" }
    error_message = "What the policy does not name is for the rules that deny."
  }
  assert {
    condition     = one(google_compute_firewall.allow_egress_allowlist).destination_ranges == toset(["203.0.113.0/24"])
    error_message = "Addresses stay with the VPC firewall rules."
  }
  assert {
    condition     = one(google_compute_route.default).dest_range == "0.0.0.0/0" && length(google_compute_router_nat.nat) == 1
    error_message = "Nobody knows the addresses of a name beforehand: they need a default route, and NAT."
  }
  assert {
    condition     = google_compute_firewall.deny_egress.priority == 65000
    error_message = "The rule that denies all egress stays."
  }
}

run "domain_names_alone" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", fqdns = ["docs.example.com"] }
  }
  assert {
    condition     = length(google_compute_firewall.allow_egress_allowlist) == 0 && length(google_compute_route.allowlist) == 0
    error_message = "A rule without ranges would allow them all."
  }
}

run "addresses_need_no_default_route_and_no_policy" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", addresses = ["203.0.113.0/24"] }
  }
  assert {
    condition     = length(google_compute_route.default) == 0 && length(google_compute_network_firewall_policy.egress) == 0
    error_message = "Ranges have routes of their own."
  }
  assert {
    condition     = google_compute_network.this.network_firewall_policy_enforcement_order == "AFTER_CLASSIC_FIREWALL"
    error_message = "Google's order stays where no policy is needed."
  }
}

run "the_proxy_is_all_that_notebooks_reach" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com", "*.example.org"] }
  }
  assert {
    condition = (
      one(google_compute_firewall.allow_egress_proxy).destination_ranges == toset(["10.20.0.253/32"])
      && tolist(one(google_compute_firewall.allow_egress_proxy).allow)[0].ports == tolist(["80"])
      && one(google_network_services_gateway.proxy).addresses == tolist(["10.20.0.253"])
      && one(google_network_services_gateway.proxy).ports == tolist([80])
    )
    error_message = "The rule must name the proxy's address and port, and nothing else."
  }
  assert {
    condition     = length(google_compute_router_nat.nat) == 0
    error_message = "A NAT for the notebooks' subnet would lead past the proxy."
  }
  assert {
    condition = (
      one(google_network_services_gateway.proxy).type == "SECURE_WEB_GATEWAY"
      && one(google_network_services_gateway.proxy).routing_mode == "EXPLICIT_ROUTING_MODE"
      && one(google_network_services_gateway.proxy).delete_swg_autogen_router_on_destroy
      && one(google_compute_subnetwork.proxies).purpose == "REGIONAL_MANAGED_PROXY"
      && one(google_compute_subnetwork.proxies).ip_cidr_range == "10.21.0.0/26"
    )
    error_message = "A gateway of Secure Web Proxy needs a proxy-only subnet; its router must go with it."
  }
  assert {
    condition = (
      one(google_network_security_url_lists.allowed).values == tolist(["docs.example.com", "*.example.org"])
      && one(google_network_security_gateway_security_policy_rule.allow_hosts).basic_profile == "ALLOW"
      && one(google_network_security_gateway_security_policy_rule.allow_hosts).enabled
    )
    error_message = "The listed hosts must be allowed."
  }
  assert {
    condition     = output.proxy == "http://10.20.0.253:80" && length(google_dns_managed_zone.proxy) == 0
    error_message = "Without a certificate, the proxy is asked over HTTP, at its address."
  }
}

run "a_proxy_with_a_certificate" {
  command = plan
  variables {
    egress = {
      mode        = "secure-web-proxy"
      proxy_cidr  = "10.21.0.0/26"
      hosts       = ["docs.example.com"]
      certificate = { name = "projects/project/locations/europe-west1/certificates/proxy", hostname = "proxy.acme.example" }
    }
  }
  assert {
    condition = (
      output.proxy == "https://proxy.acme.example:443"
      && one(google_network_services_gateway.proxy).certificate_urls == tolist(["projects/project/locations/europe-west1/certificates/proxy"])
      && one(google_dns_record_set.proxy).name == "proxy.acme.example."
      && one(google_dns_record_set.proxy).rrdatas == tolist(["10.20.0.253"])
    )
    error_message = "The name in the certificate must lead to the proxy."
  }
}

run "a_proxy_and_a_list_of_addresses" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com"], addresses = ["203.0.113.0/24"] }
  }
  expect_failures = [var.egress]
}

run "a_proxy_without_hosts" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26" }
  }
  expect_failures = [var.egress]
}

run "a_certificate_without_a_proxy" {
  command = plan
  variables {
    egress = { mode = "none", certificate = { name = "projects/project/locations/europe-west1/certificates/proxy", hostname = "proxy.acme.example" } }
  }
  expect_failures = [var.egress]
}

run "a_certificate_of_another_kind" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com"], certificate = { name = "proxy", hostname = "proxy.acme.example" } }
  }
  expect_failures = [var.egress]
}

run "a_host_with_a_path" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/26", hosts = ["docs.example.com/public/*"] }
  }
  expect_failures = [var.egress]
}

run "a_proxy_range_that_is_too_small" {
  command = plan
  variables {
    egress = { mode = "secure-web-proxy", proxy_cidr = "10.21.0.0/27", hosts = ["docs.example.com"] }
  }
  expect_failures = [var.egress]
}

run "a_domain_name_with_a_wildcard" {
  command = plan
  variables {
    egress = { mode = "nat-allowlist", fqdns = ["*.example.com"] }
  }
  expect_failures = [var.egress]
}

run "a_mode_that_does_not_exist" {
  command = plan
  variables {
    egress = { mode = "open" }
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
