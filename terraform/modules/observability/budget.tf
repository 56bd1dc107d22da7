# Costs of the project this month. A budget tells; it stops nothing.
resource "google_billing_budget" "this" {
  for_each = { for budget in var.budget[*] : budget.billing_account => budget }

  billing_account = each.key
  display_name    = "Fleet ${var.fleet_name}"

  budget_filter {
    projects               = ["projects/${var.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = each.value.currency
      units         = tostring(each.value.monthly)
    }
  }

  dynamic "threshold_rules" {
    for_each = sort(formatlist("%08d", each.value.thresholds))
    content {
      threshold_percent = tonumber(threshold_rules.value) / 100
    }
  }

  # Billing administrators are told anyway; a budget takes five channels besides.
  all_updates_rule {
    monitoring_notification_channels = slice(local._channels, 0, min(5, length(local._channels)))
  }
}
