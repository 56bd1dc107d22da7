# Egress to a list of domain names: VPC firewall rules know none, rules of a network firewall policy do. The policy is
# asked first (vpc.tf): it lets the names out, and hands everything else on to the VPC firewall rules, which deny it.
locals {
  _fqdns = length(var.egress.fqdns) > 0 ? 1 : 0

  # By Google's guide a policy hands on what it does not name; by the API's reference it allows it. So it is said.
  _handed_on = {
    for direction in local._fqdns == 1 ? ["EGRESS", "INGRESS"] : [] : direction => {
      priority     = direction == "EGRESS" ? 65000 : 65001
      destinations = direction == "EGRESS" ? ["0.0.0.0/0"] : null
      sources      = direction == "INGRESS" ? ["0.0.0.0/0"] : null
    }
  }
}

resource "google_compute_network_firewall_policy" "egress" {
  count = local._fqdns

  project     = var.project_id
  name        = "${local._prefix}-egress"
  description = "Domain names of the egress allow-list."
}

resource "google_compute_network_firewall_policy_rule" "allow_egress_fqdns" {
  count = local._fqdns

  project         = var.project_id
  firewall_policy = google_compute_network_firewall_policy.egress[0].name
  rule_name       = "allow-egress-fqdns"
  description     = "The domain names of the egress allow-list, at the addresses that Cloud DNS gives for them."
  direction       = "EGRESS"
  action          = "allow"
  priority        = local._allow_priority
  enable_logging  = true

  match {
    dest_fqdns = var.egress.fqdns

    layer4_configs {
      ip_protocol = "tcp"
      ports       = [for port in var.egress.ports : tostring(port)]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "hand_on" {
  for_each = local._handed_on

  project         = var.project_id
  firewall_policy = google_compute_network_firewall_policy.egress[0].name
  rule_name       = "hand-on-${lower(each.key)}"
  description     = "What no rule above names is for the VPC firewall rules to decide."
  direction       = each.key
  action          = "goto_next"
  priority        = each.value.priority

  match {
    dest_ip_ranges = each.value.destinations
    src_ip_ranges  = each.value.sources

    layer4_configs {
      ip_protocol = "all"
    }
  }
}

resource "google_compute_network_firewall_policy_association" "egress" {
  count = local._fqdns

  project           = var.project_id
  name              = "${local._prefix}-egress"
  firewall_policy   = google_compute_network_firewall_policy.egress[0].name
  attachment_target = google_compute_network.this.id

  # Whole before it holds, so that no packet meets half of it.
  depends_on = [
    google_compute_network_firewall_policy_rule.allow_egress_fqdns,
    google_compute_network_firewall_policy_rule.hand_on,
  ]
}
