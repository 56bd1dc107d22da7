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
      email = "notebooks@nbp-quickstart.iam.gserviceaccount.com"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_vtpm                 = true
      enable_integrity_monitoring = true
    }
  }
}
