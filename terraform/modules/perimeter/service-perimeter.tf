locals {
  services = sort(distinct(concat(
    jsondecode(file("${path.module}/services.json")).services[*].service,
    var.additional_services,
  )))
  _accessible_services = concat(["RESTRICTED-SERVICES"], var.accessible_services)

  _configuration = {
    access_levels = [for name in local._entrances : local._level_names[name]]
    resources     = local._inside
  }
  _inside = [for number in distinct(concat([var.project_number], var.additional_project_numbers)) : "projects/${number}"]

  # A level that a rule names leads to what the rule names, and no longer to everything.
  _entrances = setsubtract(concat(var.access_levels[*].name, var.existing_access_levels), flatten(var.ingress[*].access_levels))
}

# Dry-run logs what an enforced perimeter would refuse, and refuses nothing. Changing mode moves one configuration from
# `spec` to `status`, in place.
resource "google_access_context_manager_service_perimeter" "this" {
  parent                    = "accessPolicies/${local._access_policy}"
  name                      = "accessPolicies/${local._access_policy}/servicePerimeters/${var.name}"
  title                     = var.name
  description               = "Notebooks of projects/${var.project_number} and the data that they reach."
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
        allowed_services   = local._accessible_services
      }

      dynamic "ingress_policies" {
        for_each = local._ingress
        content {
          title = ingress_policies.value.title

          ingress_from {
            identity_type = "ANY_IDENTITY"

            dynamic "sources" {
              for_each = ingress_policies.value.sources
              content {
                access_level = sources.value.access_level
                resource     = sources.value.resource
              }
            }
          }

          ingress_to {
            resources = ingress_policies.value.resources

            dynamic "operations" {
              for_each = ingress_policies.value.operations
              content {
                service_name = operations.value.service

                dynamic "method_selectors" {
                  for_each = operations.value.methods
                  content {
                    method = method_selectors.value
                  }
                }
              }
            }
          }
        }
      }

      dynamic "egress_policies" {
        for_each = local._egress
        content {
          title = egress_policies.value.title

          egress_from {
            identity_type = "ANY_IDENTITY"
          }

          egress_to {
            resources = egress_policies.value.resources

            dynamic "operations" {
              for_each = egress_policies.value.operations
              content {
                service_name = operations.value.service

                dynamic "method_selectors" {
                  for_each = operations.value.methods
                  content {
                    method = method_selectors.value
                  }
                }
              }
            }
          }
        }
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
        allowed_services   = local._accessible_services
      }

      dynamic "ingress_policies" {
        for_each = local._ingress
        content {
          title = ingress_policies.value.title

          ingress_from {
            identity_type = "ANY_IDENTITY"

            dynamic "sources" {
              for_each = ingress_policies.value.sources
              content {
                access_level = sources.value.access_level
                resource     = sources.value.resource
              }
            }
          }

          ingress_to {
            resources = ingress_policies.value.resources

            dynamic "operations" {
              for_each = ingress_policies.value.operations
              content {
                service_name = operations.value.service

                dynamic "method_selectors" {
                  for_each = operations.value.methods
                  content {
                    method = method_selectors.value
                  }
                }
              }
            }
          }
        }
      }

      dynamic "egress_policies" {
        for_each = local._egress
        content {
          title = egress_policies.value.title

          egress_from {
            identity_type = "ANY_IDENTITY"
          }

          egress_to {
            resources = egress_policies.value.resources

            dynamic "operations" {
              for_each = egress_policies.value.operations
              content {
                service_name = operations.value.service

                dynamic "method_selectors" {
                  for_each = operations.value.methods
                  content {
                    method = method_selectors.value
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
