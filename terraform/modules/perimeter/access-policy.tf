# An organization has one policy without scopes, and often somebody else's; a policy scoped to this project needs
# nobody's leave but the organization's, and can hold nothing else.
resource "google_access_context_manager_access_policy" "created" {
  count = var.access_policy == null ? 1 : 0

  parent = "organizations/${var.organization}"
  title  = "nbp ${var.name}"
  scopes = ["projects/${var.project_number}"]
}

locals {
  _access_policy = try(google_access_context_manager_access_policy.created[0].name, var.access_policy)
}
