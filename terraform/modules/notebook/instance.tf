# Costs are told apart by owner; cost centre and environment are labels of the fleet.
locals {
  labels = merge({ owner = substr(replace(lower(var.owner), "/[^a-z0-9_-]/", "_"), 0, 63) }, var.labels)
}

resource "google_workbench_instance" "this" {
  project                    = var.project_id
  name                       = var.name
  location                   = var.zone
  labels                     = local.labels
  instance_owners            = [var.owner]
  enable_managed_euc         = var.managed_euc ? true : null
  enable_deletion_protection = var.deletion_protection
  deletion_policy            = var.deletion_protection ? "PREVENT" : "DELETE" # also stops an edit that would replace it

  gce_setup {
    machine_type      = var.profile.machine_type
    disable_public_ip = var.disable_public_ip
    metadata          = local.metadata

    dynamic "accelerator_configs" {
      for_each = var.profile.gpu[*]
      content {
        type       = accelerator_configs.value.type
        core_count = accelerator_configs.value.count
      }
    }

    dynamic "confidential_instance_config" {
      for_each = var.profile.confidential_compute[*]
      content {
        confidential_instance_type = confidential_instance_config.value
      }
    }

    dynamic "vm_image" {
      for_each = var.profile.image[*]
      content {
        project = vm_image.value.project
        family  = vm_image.value.family
        name    = vm_image.value.name
      }
    }

    dynamic "container_image" {
      for_each = var.profile.container[*]
      content {
        repository = container_image.value.repository
        tag        = container_image.value.tag
      }
    }

    boot_disk {
      disk_size_gb    = var.profile.boot_disk.size_gb
      disk_type       = var.profile.boot_disk.type
      disk_encryption = var.kms_key == null ? "GMEK" : "CMEK"
      kms_key         = var.kms_key
    }

    data_disks {
      disk_size_gb    = var.profile.data_disk.size_gb
      disk_type       = var.profile.data_disk.type
      disk_encryption = var.kms_key == null ? "GMEK" : "CMEK"
      kms_key         = var.kms_key
    }

    network_interfaces {
      network = var.network.network
      subnet  = var.network.subnet
    }

    dynamic "service_accounts" {
      for_each = local._own_account
      content {
        email = local.service_account
      }
    }

    shielded_instance_config {
      enable_secure_boot          = !contains(var.exemptions[*].control, "secure-boot")
      enable_vtpm                 = true
      enable_integrity_monitoring = true
    }
  }

  # The VM registers with the proxy and fetches its script as soon as it boots: its rights come first.
  depends_on = [
    google_project_iam_member.own_instance,
    google_project_iam_member.project,
    google_service_account_iam_member.owner,
    google_storage_bucket_iam_member.script,
  ]
}
