locals {
  services = sort(distinct(concat(
    jsondecode(file("${path.module}/services.json"))[*].service,
    var.additional_services,
  )))

  _configuration = {
    access_levels = [for level in google_access_context_manager_access_level.this : level.name]
    resources     = [for number in concat([var.project_number], var.additional_project_numbers) : "projects/${number}"]
  }
}

# Dry-run logs what an enforced perimeter would refuse, and refuses nothing. Changing mode moves one configuration from
# `spec` to `status`, in place.
resource "google_access_context_manager_service_perimeter" "this" {
  parent                    = "accessPolicies/${local._access_policy}"
  name                      = "accessPolicies/${local._access_policy}/servicePerimeters/${var.name}"
  title                     = var.name
  description               = "Notebooks of the project and the data that they reach."
  perimeter_type            = "PERIMETER_TYPE_REGULAR"
  use_explicit_dry_run_spec = var.mode == "dry-run"

  dynamic "spec" {
    for_each = var.mode == "dry-run" ? [local._configuration] : []
    content {
      access_levels       = spec.value.access_levels
      resources           = spec.value.resources
      restricted_services = local.services

      vpc_accessible_services {
        enable_restriction = true
        allowed_services   = ["RESTRICTED-SERVICES"]
      }
    }
  }

  dynamic "status" {
    for_each = var.mode == "enforced" ? [local._configuration] : []
    content {
      access_levels       = status.value.access_levels
      resources           = status.value.resources
      restricted_services = local.services

      vpc_accessible_services {
        enable_restriction = true
        allowed_services   = ["RESTRICTED-SERVICES"]
      }
    }
  }
}
