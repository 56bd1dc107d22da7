output "policies" {
  description = "Constraints that are set, each with the control that it serves; null where it serves none of its own."
  value       = { for constraint, row in local.policies : constraint => row.control }
}

output "skipped" {
  description = "Constraints that are not set because they have no dry run; `enforced` sets them."
  value       = local.skipped
}
