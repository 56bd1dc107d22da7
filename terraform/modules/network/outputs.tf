output "dns_domains" {
  description = "Domains that resolve to the virtual IP inside the network."
  value       = sort(keys(google_dns_managed_zone.google))
}

output "network" {
  description = "The VPC network, as `projects/PROJECT/global/networks/NAME`. Known once its routes, DNS and firewall stand, so that no VM boots before them."
  value       = google_compute_network.this.id
  depends_on  = [google_compute_firewall.deny_egress, google_compute_firewall.deny_ingress]
}

output "proxy" {
  description = "The URL at which notebooks reach Secure Web Proxy; null in the other egress modes."
  value       = local._proxy == 1 ? local._proxy_url : null
}

output "subnet" {
  description = "The subnet, as `projects/PROJECT/regions/REGION/subnetworks/NAME`. Known once its routes, DNS and firewall stand, so that no VM boots before them."
  value       = google_compute_subnetwork.this.id
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
