# What a notebook of the quickstart is made of, without modules, checks, labels or outputs.
terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}

variable "notebooks" {
  type = number
}

locals {
  # Not a set: Terraform sorts a set anew for each instance.
  notebooks = { for number in range(var.notebooks) : format("nb-%03d", number) => {} }
}

resource "google_service_account" "this" {
  for_each = local.notebooks

  account_id = each.key
}

resource "google_project_iam_member" "images" {
  for_each = local.notebooks

  project = "nbp-quickstart"
  role    = "roles/artifactregistry.reader"
  member  = google_service_account.this[each.key].member
}

resource "google_project_iam_member" "logs" {
  for_each = local.notebooks

  project = "nbp-quickstart"
  role    = "roles/logging.logWriter"
  member  = google_service_account.this[each.key].member
}

resource "google_project_iam_member" "metrics" {
  for_each = local.notebooks

  project = "nbp-quickstart"
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.this[each.key].member
}

resource "google_project_iam_member" "own_instance" {
  for_each = local.notebooks

  project = "nbp-quickstart"
  role    = "roles/compute.viewer"
  member  = google_service_account.this[each.key].member
}

resource "google_service_account_iam_member" "owner" {
  for_each = local.notebooks

  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.serviceAccountUser"
  member             = "user:ana@example.com"
}

resource "google_storage_bucket_object" "script" {
  for_each = local.notebooks

  bucket  = "nbp-quickstart-scripts"
  name    = each.key
  content = each.key
}

resource "google_storage_bucket_iam_member" "script" {
  for_each = local.notebooks

  bucket = google_storage_bucket_object.script[each.key].bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.this[each.key].member
}

resource "google_workbench_instance" "this" {
  for_each = local.notebooks

  name            = each.key
  location        = "europe-west1-b"
  instance_owners = ["ana@example.com"]

  gce_setup {
    machine_type      = "e2-standard-4"
    disable_public_ip = true

    metadata = {
      idle-timeout-seconds       = "3600"
      notebook-disable-downloads = "true"
      notebook-disable-nbconvert = "true"
      notebook-disable-root      = "true"
      notebook-disable-terminal  = "true"
    }

    boot_disk {
      disk_size_gb = 150
      disk_type    = "PD_BALANCED"
    }

    data_disks {
      disk_size_gb = 100
      disk_type    = "PD_BALANCED"
    }

    network_interfaces {
      network = "projects/nbp-quickstart/global/networks/notebooks"
      subnet  = "projects/nbp-quickstart/regions/europe-west1/subnetworks/notebooks"
    }

    service_accounts {
      email = google_service_account.this[each.key].email
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_vtpm                 = true
      enable_integrity_monitoring = true
    }
  }
}

