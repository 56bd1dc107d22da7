# An access policy is often the whole organization's: levels made here are named after the perimeter, and nobody else's
# is touched. `nbp apply --adopt` knows by the description whose they are.
resource "google_access_context_manager_access_level" "this" {
  for_each = { for level in var.access_levels : level.name => level }

  parent      = "accessPolicies/${local._access_policy}"
  name        = "accessPolicies/${local._access_policy}/accessLevels/${var.name}_${each.key}"
  title       = "${var.name}_${each.key}"
  description = "Who enters ${var.name}, the perimeter of projects/${var.project_number}."

  basic {
    combining_function = "AND"

    conditions {
      ip_subnetworks = each.value.ip_ranges
      members        = each.value.members
      regions        = each.value.regions

      dynamic "device_policy" {
        for_each = each.value.device_policy[*]
        content {
          require_screen_lock              = device_policy.value.require_screen_lock
          require_corp_owned               = device_policy.value.require_corp_owned
          allowed_encryption_statuses      = device_policy.value.require_encryption ? ["ENCRYPTED"] : []
          allowed_device_management_levels = device_policy.value.management_levels
        }
      }
    }
  }

  # The perimeter lets go of a level before the level is deleted: Google keeps one that is in use.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  _level_names = merge(
    { for name in var.existing_access_levels : name => "accessPolicies/${local._access_policy}/accessLevels/${name}" },
    { for name, level in google_access_context_manager_access_level.this : name => level.name },
  )
}
