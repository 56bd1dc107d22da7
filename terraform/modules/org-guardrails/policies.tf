locals {
  _rows = { for row in jsondecode(file("${path.module}/constraints.json")) : row.constraint => row }

  _values = {
    "ainotebooks.accessMode"          = ["single-user"]
    "ainotebooks.environmentOptions"  = var.images
    "ainotebooks.restrictVpcNetworks" = var.networks
    "gcp.resourceLocations"           = [for region in var.regions : "in:${region}-locations"]
    "gcp.restrictNonCmekServices"     = var.cmek_services
  }

  # A list that nobody filled would forbid everything, or nothing.
  _wanted = {
    for constraint, row in local._rows : constraint => row
    if !contains(keys(var.left_out), constraint) && (!contains(["values", "denied"], row.rule) || length(lookup(local._values, constraint, [])) > 0)
  }

  # Google refuses the dry run of a constraint that has none, and an apply would end in that error.
  skipped = var.mode == "enforced" ? [] : sort([
    for constraint, row in local._wanted : constraint
    if contains(var.without_dry_run, constraint) || tostring(row.dry_run) == "false"
  ])
  policies = { for constraint, row in local._wanted : constraint => row if !contains(local.skipped, constraint) }
}

# Constraints bind what is made after them. A dry run logs what they would refuse.
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
          for_each = contains(["values", "denied"], spec.value) ? [local._values[each.key]] : []
          content {
            allowed_values = spec.value == "values" ? values.value : null
            denied_values  = spec.value == "denied" ? values.value : null
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
          for_each = contains(["values", "denied"], dry_run_spec.value) ? [local._values[each.key]] : []
          content {
            allowed_values = dry_run_spec.value == "values" ? values.value : null
            denied_values  = dry_run_spec.value == "denied" ? values.value : null
          }
        }
      }
    }
  }
}
