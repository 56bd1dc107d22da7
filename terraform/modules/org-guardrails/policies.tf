locals {
  _rows = { for row in jsondecode(file("${path.module}/constraints.json")) : row.constraint => row }

  _values = {
    "ainotebooks.accessMode"          = ["single-user"]
    "ainotebooks.environmentOptions"  = var.images
    "ainotebooks.restrictVpcNetworks" = var.networks
    "gcp.resourceLocations"           = [for region in var.regions : "in:${region}-locations"]
  }

  # A list that nobody filled would forbid everything.
  policies = {
    for constraint, row in local._rows : constraint => row
    if !contains(keys(var.left_out), constraint) && (row.rule != "values" || length(lookup(local._values, constraint, [])) > 0)
  }
}

# Constraints bind what is made after them. A dry run logs what they would refuse; not every constraint has one.
resource "google_org_policy_policy" "this" {
  for_each = local.policies

  parent = var.parent
  name   = "${var.parent}/policies/${each.key}"

  dynamic "spec" {
    for_each = var.mode == "enforced" ? [each.value.rule] : []
    content {
      rules {
        enforce  = spec.value == "enforce" ? "TRUE" : null
        deny_all = spec.value == "deny" ? "TRUE" : null

        dynamic "values" {
          for_each = spec.value == "values" ? [local._values[each.key]] : []
          content {
            allowed_values = values.value
          }
        }
      }
    }
  }

  dynamic "dry_run_spec" {
    for_each = var.mode == "dry-run" ? [each.value.rule] : []
    content {
      rules {
        enforce  = dry_run_spec.value == "enforce" ? "TRUE" : null
        deny_all = dry_run_spec.value == "deny" ? "TRUE" : null

        dynamic "values" {
          for_each = dry_run_spec.value == "values" ? [local._values[each.key]] : []
          content {
            allowed_values = values.value
          }
        }
      }
    }
  }
}
