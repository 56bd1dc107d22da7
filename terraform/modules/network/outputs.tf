output "dns_domains" {
  description = "Domains that resolve to the virtual IP inside the network."
  value       = sort(keys(google_dns_managed_zone.google))
}

output "network" {
  description = "The VPC network, as `projects/PROJECT/global/networks/NAME`. Who uses it waits for its routes, DNS and firewall, so that no VM boots before them."
  # Put together from what is written down, as the subnet below, so that a plan shows where notebooks stand.
  value      = "projects/${google_compute_network.this.project}/global/networks/${google_compute_network.this.name}"
  depends_on = [google_compute_firewall.deny_egress, google_compute_firewall.deny_ingress]
}

output "proxy" {
  description = "The URL at which notebooks reach Secure Web Proxy; null in the other egress modes."
  value       = local._proxy == 1 ? local._proxy_url : null
}

output "subnet" {
  description = "The subnet, as `projects/PROJECT/regions/REGION/subnetworks/NAME`. Who uses it waits for its routes, DNS and firewall, so that no VM boots before them."
  value       = "projects/${google_compute_subnetwork.this.project}/regions/${google_compute_subnetwork.this.region}/subnetworks/${google_compute_subnetwork.this.name}"
  depends_on = [
    google_compute_firewall.allow_egress_proxy,
    google_compute_firewall.allow_google_apis,
    google_compute_firewall.deny_egress,
    google_compute_firewall.deny_ingress,
    google_compute_network_firewall_policy_association.egress,
    google_compute_route.google_apis,
    google_dns_record_set.apex,
    google_dns_record_set.proxy,
    google_dns_record_set.wildcard,
    google_network_services_gateway.proxy,
  ]
}

output "vip" {
  description = "The virtual IP that DNS answers with: its name and its CIDR range."
  value       = { name = var.vip, cidr = local._vip.cidr }
}
