# Every resource type of the stand-in that the sandbox serves, in two versions: `v = 2` changes what can change in place.
terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}
variable "v" {
  type    = number
  default = 1
}
provider "google" {
  project        = "demo-project"
  region         = "us-central1"
  zone           = "us-central1-a"
  default_labels = { team = "ml" }
}
resource "google_compute_network" "n" {
  name                            = "n"
  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
  mtu                             = 1460
}
resource "google_compute_subnetwork" "s" {
  name                     = "s"
  network                  = google_compute_network.n.name
  ip_cidr_range            = var.v == 1 ? "10.0.0.0/24" : "10.0.0.0/23"
  private_ip_google_access = var.v == 1 ? false : true
  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.1.0.0/16"
  }
  dynamic "log_config" {
    for_each = var.v == 1 ? [] : [1]
    content {
      flow_sampling = 0.3
    }
  }
  timeouts {
    create = "5m"
  }
}
resource "google_compute_firewall" "f" {
  name               = "f"
  network            = google_compute_network.n.id
  direction          = "EGRESS"
  priority           = var.v == 1 ? 1000 : 900
  destination_ranges = var.v == 1 ? ["10.0.0.0/8", "192.168.0.0/16"] : ["10.0.0.0/8"]
  allow {
    protocol = "tcp"
    ports    = ["443", "80-90"]
  }
  allow {
    protocol = "udp"
  }
  dynamic "log_config" {
    for_each = var.v == 1 ? [1] : []
    content {
      metadata = "INCLUDE_ALL_METADATA"
    }
  }
}
resource "google_compute_route" "r" {
  name             = "r"
  network          = google_compute_network.n.id
  dest_range       = "199.36.153.4/30"
  next_hop_gateway = "default-internet-gateway"
  priority         = var.v == 1 ? 900 : 901
}
resource "google_compute_router" "rt" {
  name    = "rt"
  network = google_compute_network.n.id
  bgp {
    asn = var.v == 1 ? 64514 : 64515
  }
}
resource "google_compute_router_nat" "nat" {
  name                               = "nat"
  router                             = google_compute_router.rt.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"
  subnetwork {
    name                    = google_compute_subnetwork.s.id
    source_ip_ranges_to_nat = ["PRIMARY_IP_RANGE"]
  }
  min_ports_per_vm = var.v == 1 ? 64 : 128
  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
resource "google_compute_global_address" "ga" {
  name          = "ga"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 24
  address       = "10.77.0.0"
  network       = google_compute_network.n.id
  labels        = { a = var.v }
}
resource "google_compute_address" "a" {
  name         = "a"
  address_type = "INTERNAL"
  subnetwork   = google_compute_subnetwork.s.id
  labels       = { a = var.v }
}
resource "google_compute_network_firewall_policy" "fp" {
  name        = "fp"
  description = "p${var.v}"
}
resource "google_compute_network_firewall_policy_rule" "fpr" {
  firewall_policy = google_compute_network_firewall_policy.fp.name
  priority        = 1000
  rule_name       = "names"
  direction       = "EGRESS"
  action          = "allow"
  enable_logging  = true
  match {
    dest_fqdns = var.v == 1 ? ["docs.example.com"] : ["docs.example.com", "data.example.com"]
    layer4_configs {
      ip_protocol = "tcp"
      ports       = ["443"]
    }
  }
}
resource "google_compute_network_firewall_policy_rule" "fpn" {
  firewall_policy = google_compute_network_firewall_policy.fp.name
  priority        = 65000
  direction       = "EGRESS"
  action          = "goto_next"
  disabled        = var.v == 2
  match {
    dest_ip_ranges = ["0.0.0.0/0"]
    layer4_configs {
      ip_protocol = "all"
    }
  }
}
resource "google_compute_network_firewall_policy_association" "fpa" {
  name              = "fpa"
  firewall_policy   = google_compute_network_firewall_policy.fp.name
  attachment_target = google_compute_network.n.id
}
resource "google_compute_subnetwork" "proxies" {
  name          = "proxies"
  network       = google_compute_network.n.id
  ip_cidr_range = "10.2.0.0/26"
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}
resource "google_network_security_url_lists" "ul" {
  name     = "ul"
  location = "us-central1"
  values   = var.v == 1 ? ["docs.example.com"] : ["docs.example.com", "*.example.org"]
}
resource "google_network_security_gateway_security_policy" "gsp" {
  name        = "gsp"
  location    = "us-central1"
  description = "p${var.v}"
}
resource "google_network_security_gateway_security_policy_rule" "gspr" {
  name                    = "gspr"
  location                = "us-central1"
  gateway_security_policy = google_network_security_gateway_security_policy.gsp.name
  enabled                 = true
  priority                = var.v
  session_matcher         = "inUrlList(host(), '${google_network_security_url_lists.ul.id}')"
  basic_profile           = "ALLOW"
}
resource "google_network_services_gateway" "gw" {
  name                                 = "gw"
  location                             = "us-central1"
  type                                 = "SECURE_WEB_GATEWAY"
  routing_mode                         = "EXPLICIT_ROUTING_MODE"
  description                          = "g${var.v}"
  scope                                = "gw"
  addresses                            = ["10.0.0.200"]
  ports                                = [443]
  gateway_security_policy              = google_network_security_gateway_security_policy.gsp.id
  network                              = google_compute_network.n.id
  subnetwork                           = google_compute_subnetwork.s.id
  delete_swg_autogen_router_on_destroy = true
  labels                               = { a = "b${var.v}" }
  depends_on                           = [google_compute_subnetwork.proxies]
}
resource "google_compute_subnetwork_iam_member" "sim" {
  subnetwork = google_compute_subnetwork.s.id
  role       = "roles/compute.networkUser"
  member     = "user:a@example.com"
}
resource "google_compute_resource_policy" "rp" {
  name = "rp"
  snapshot_schedule_policy {
    schedule {
      daily_schedule {
        days_in_cycle = 1
        start_time    = "04:00"
      }
    }
    retention_policy {
      max_retention_days    = var.v == 1 ? 10 : 14
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }
    snapshot_properties {
      labels            = { x = "y" }
      storage_locations = ["us"]
    }
  }
}
resource "google_dns_managed_zone" "z" {
  name        = "z"
  dns_name    = "googleapis.com."
  description = var.v == 1 ? "zone" : "zone 2"
  visibility  = "private"
  private_visibility_config {
    networks {
      network_url = google_compute_network.n.id
    }
  }
  labels = { a = var.v }
}
resource "google_dns_record_set" "rs" {
  managed_zone = google_dns_managed_zone.z.name
  name         = "googleapis.com."
  type         = "A"
  ttl          = var.v == 1 ? 300 : 60
  rrdatas      = ["199.36.153.4", "199.36.153.5"]
}
resource "google_dns_policy" "dp" {
  name           = "dp"
  enable_logging = var.v == 1
  networks {
    network_url = google_compute_network.n.id
  }
}
resource "google_dns_response_policy" "drp" {
  response_policy_name = "drp"
  description          = "d${var.v}"
  networks {
    network_url = google_compute_network.n.id
  }
}
resource "google_storage_bucket" "b" {
  name                        = "demo-project-bucket"
  location                    = "us-central1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  labels                      = { env = "prod${var.v}" }
  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = var.v == 1 ? 604800 : 864000
  }
  lifecycle_rule {
    condition {
      age            = var.v == 1 ? 60 : 61
      with_state     = "ARCHIVED"
      matches_prefix = ["tmp/"]
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      num_newer_versions = 3
    }
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
  }
  cors {
    origin          = ["https://example.com"]
    method          = ["GET"]
    max_age_seconds = 60
  }
}
resource "google_storage_bucket_object" "o" {
  bucket  = google_storage_bucket.b.name
  name    = "dir/hello world.txt"
  content = "hello ${var.v}"
}
resource "google_storage_bucket_iam_member" "bim" {
  bucket = google_storage_bucket.b.name
  role   = "roles/storage.objectViewer"
  member = "user:a@example.com"
}
resource "google_storage_bucket_iam_binding" "bib" {
  bucket  = google_storage_bucket.b.name
  role    = "roles/storage.objectAdmin"
  members = var.v == 1 ? ["user:a@example.com", "user:b@example.com"] : ["user:b@example.com", "user:c@example.com"]
}
resource "google_service_account" "sa" {
  account_id   = "robot-one"
  display_name = "Robot ${var.v}"
  description  = "does"
}
resource "google_service_account_iam_member" "sam" {
  service_account_id = google_service_account.sa.name
  role               = "roles/iam.serviceAccountUser"
  member             = "user:a@example.com"
}
resource "google_project_iam_member" "pim" {
  project = "demo-project"
  role    = "roles/logging.logWriter"
  member  = google_service_account.sa.member
}
resource "google_project_iam_member" "pimc" {
  project = "demo-project"
  role    = "roles/viewer"
  member  = google_service_account.sa.member
  condition {
    title      = "only now"
    expression = "request.time < timestamp(\"2030-01-01T00:00:00Z\")"
  }
}
resource "google_project_iam_custom_role" "cr" {
  role_id     = "prune"
  title       = "Prune ${var.v}"
  permissions = var.v == 1 ? ["compute.snapshots.list", "compute.snapshots.get"] : ["compute.snapshots.list", "compute.snapshots.delete"]
}
resource "google_project_iam_audit_config" "ac" {
  project = "demo-project"
  service = "notebooks.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type         = "DATA_WRITE"
    exempted_members = var.v == 1 ? ["user:a@example.com"] : []
  }
}
resource "google_project_service" "ps" {
  service            = "notebooks.googleapis.com"
  disable_on_destroy = true
}
resource "google_access_context_manager_access_policy" "ap" {
  parent = "organizations/123456789012"
  title  = "policy ${var.v}"
}
resource "google_access_context_manager_access_level" "al" {
  parent = "accessPolicies/${google_access_context_manager_access_policy.ap.name}"
  name   = "accessPolicies/${google_access_context_manager_access_policy.ap.name}/accessLevels/corp"
  title  = "corp"
  basic {
    conditions {
      ip_subnetworks = var.v == 1 ? ["203.0.113.0/24"] : ["203.0.113.0/24", "198.51.100.0/24"]
      members        = ["user:a@example.com"]
    }
  }
}
resource "google_access_context_manager_service_perimeter" "sp" {
  parent                    = "accessPolicies/${google_access_context_manager_access_policy.ap.name}"
  name                      = "accessPolicies/${google_access_context_manager_access_policy.ap.name}/servicePerimeters/p"
  title                     = "p${var.v}"
  use_explicit_dry_run_spec = true
  spec {
    restricted_services = ["storage.googleapis.com", "notebooks.googleapis.com"]
    access_levels       = [google_access_context_manager_access_level.al.name]
    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }
    ingress_policies {
      title = "in"
      ingress_from {
        identity_type = "ANY_IDENTITY"
        sources {
          access_level = "*"
        }
      }
      ingress_to {
        resources = ["*"]
        operations {
          service_name = "storage.googleapis.com"
          method_selectors {
            method = "google.storage.objects.get"
          }
        }
      }
    }
    egress_policies {
      egress_from {
        identity_type = "ANY_IDENTITY"
      }
      egress_to {
        resources = ["projects/1"]
        operations {
          service_name = "*"
        }
      }
    }
  }
  lifecycle {
    ignore_changes = [status[0].resources, spec[0].resources]
  }
}
resource "google_kms_key_ring" "kr" {
  name     = "kr"
  location = "us-central1"
}
resource "google_kms_crypto_key" "ck" {
  name            = "ck"
  key_ring        = google_kms_key_ring.kr.id
  rotation_period = var.v == 1 ? "3888000s" : "7776000s"
  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }
}
resource "google_kms_crypto_key_iam_member" "ckm" {
  crypto_key_id = google_kms_crypto_key.ck.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "user:a@example.com"
}
resource "google_pubsub_topic" "t" {
  name                       = "topic"
  message_retention_duration = var.v == 1 ? "86600s" : "96600s"
  labels                     = { a = "b" }
}
resource "google_logging_project_sink" "sink" {
  name                   = "sink"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.t.id}"
  filter                 = "severity>=${var.v == 1 ? "ERROR" : "WARNING"}"
  unique_writer_identity = true
}
resource "google_logging_metric" "m" {
  name   = "denied"
  filter = "severity>=${var.v == 1 ? "ERROR" : "WARNING"}"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "who"
      value_type  = "STRING"
      description = "w"
    }
  }
  label_extractors = { "who" = "EXTRACT(protoPayload.authenticationInfo.principalEmail)" }
}
resource "google_monitoring_notification_channel" "nc" {
  display_name = "mail${var.v}"
  type         = "email"
  labels       = { email_address = "a@example.com" }
}
resource "google_monitoring_alert_policy" "alert" {
  display_name          = "idle"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.nc.id]
  conditions {
    display_name = "c"
    condition_threshold {
      filter          = "resource.type=\"gce_instance\" AND metric.type=\"compute.googleapis.com/instance/uptime\""
      comparison      = "COMPARISON_GT"
      duration        = var.v == 1 ? "60s" : "120s"
      threshold_value = 0.5
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }
  documentation {
    content = "what to do"
  }
  alert_strategy {
    auto_close = "1800s"
  }
}
resource "google_cloud_run_v2_job" "j" {
  name                = "j"
  location            = "us-central1"
  deletion_protection = false
  template {
    template {
      service_account = google_service_account.sa.email
      timeout         = var.v == 1 ? "600s" : "700s"
      max_retries     = 1
      containers {
        image = "us-docker.pkg.dev/cloudrun/container/job"
        args  = ["a", "b"]
        env {
          name  = "A"
          value = "b${var.v}"
        }
        resources {
          limits = { cpu = "1", memory = "512Mi" }
        }
      }
    }
  }
}
resource "google_cloud_run_v2_job_iam_member" "jm" {
  name     = google_cloud_run_v2_job.j.name
  location = "us-central1"
  role     = "roles/run.invoker"
  member   = google_service_account.sa.member
}
resource "google_cloud_scheduler_job" "cs" {
  name      = "cs"
  schedule  = "0 3 * * ${var.v}"
  time_zone = "Europe/London"
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/demo-project/locations/us-central1/jobs/j:run"
    oauth_token {
      service_account_email = google_service_account.sa.email
    }
  }
  retry_config {
    retry_count = 1
  }
}
resource "google_artifact_registry_repository" "ar" {
  repository_id = "pypi"
  location      = "us-central1"
  format        = "PYTHON"
  mode          = "REMOTE_REPOSITORY"
  description   = "d${var.v}"
  remote_repository_config {
    description = "pypi"
    python_repository {
      public_repository = "PYPI"
    }
  }
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }
}
resource "google_artifact_registry_repository_iam_member" "arm" {
  repository = google_artifact_registry_repository.ar.name
  location   = "us-central1"
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.sa.member
}
resource "google_org_policy_policy" "op" {
  name   = "projects/demo-project/policies/ainotebooks.restrictPublicIp"
  parent = "projects/demo-project"
  spec {
    rules {
      enforce = var.v == 1 ? "TRUE" : "FALSE"
    }
  }
}
resource "google_org_policy_policy" "ol" {
  name   = "projects/demo-project/policies/gcp.resourceLocations"
  parent = "projects/demo-project"
  spec {
    inherit_from_parent = true
    rules {
      values {
        allowed_values = ["in:us-locations"]
      }
    }
  }
}
resource "google_billing_budget" "bb" {
  billing_account = "012345-6789AB-CDEF01"
  display_name    = "budget ${var.v}"
  budget_filter {
    projects = ["projects/${data.google_project.p.number}"]
  }
  amount {
    specified_amount {
      currency_code = "EUR"
      units         = var.v == 1 ? "100" : "200"
    }
  }
  threshold_rules {
    threshold_percent = 0.9
  }
  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.nc.id]
  }
}
resource "google_iam_workload_identity_pool" "wip" {
  workload_identity_pool_id = "pipelines"
  display_name              = "d${var.v}"
}
resource "google_iam_workload_identity_pool_provider" "wipp" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.wip.workload_identity_pool_id
  workload_identity_pool_provider_id = "forge"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = "assertion.repository == 'acme/notebooks${var.v}'"
  oidc {
    issuer_uri = "https://token.example.com"
  }
}
resource "google_access_context_manager_access_policy_iam_member" "apm" {
  name   = google_access_context_manager_access_policy.ap.name
  role   = "roles/accesscontextmanager.policyEditor"
  member = google_service_account.sa.member
}
resource "google_workbench_instance" "wb" {
  name                       = "wb"
  location                   = "us-central1-a"
  instance_owners            = ["a@example.com"]
  enable_deletion_protection = false
  gce_setup {
    machine_type = var.v == 1 ? "e2-standard-4" : "e2-standard-8"
    boot_disk {
      disk_size_gb = var.v == 1 ? "150" : "160"
      disk_type    = "PD_SSD"
    }
    data_disks {
      disk_size_gb = "100"
    }
    network_interfaces {
      network = google_compute_network.n.id
      subnet  = google_compute_subnetwork.s.id
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_vtpm                 = true
      enable_integrity_monitoring = true
    }
    service_accounts {
      email = google_service_account.sa.email
    }
    metadata          = var.v == 1 ? { notebook-disable-root = "true", idle-timeout-seconds = "3600", gone = "x" } : { notebook-disable-root = "false", idle-timeout-seconds = "3600" }
    disable_public_ip = true
    tags              = ["nb"]
  }
  labels = { env = "prod${var.v}" }
}
resource "google_workbench_instance_iam_member" "wbm" {
  name     = google_workbench_instance.wb.name
  location = "us-central1-a"
  role     = "roles/notebooks.admin"
  member   = "user:a@example.com"
}
resource "google_compute_disk_resource_policy_attachment" "dra" {
  name       = google_compute_resource_policy.rp.name
  disk       = "wb-data-workspace"
  zone       = "us-central1-a"
  depends_on = [google_workbench_instance.wb]
}
data "google_project" "p" {}
data "google_client_config" "c" {}
data "google_logging_project_cmek_settings" "cmek" {
  project = "demo-project"
}
data "google_storage_project_service_account" "sa" {}
data "google_compute_network" "n" {
  name = google_compute_network.n.name
}
data "google_compute_subnetwork" "s" {
  name = google_compute_subnetwork.s.name
}
