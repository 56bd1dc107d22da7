resource "google_access_context_manager_access_level" "this" {
  for_each = { for level in var.access_levels : level.name => level }

  parent = "accessPolicies/${local._access_policy}"
  name   = "accessPolicies/${local._access_policy}/accessLevels/${each.key}"
  title  = each.key

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
}
