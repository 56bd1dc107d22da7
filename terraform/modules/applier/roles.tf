# What the fleet's modules make decides what the account may do: roles.json says for each role why, and for which resources.
locals {
  _catalogue = jsondecode(file("${path.module}/roles.json"))
  _features  = toset(compact(local._catalogue[*].feature))
  _roles = toset([
    for row in local._catalogue : row.role
    if row.scope == "project" && (row.feature == null || try(contains(var.features, row.feature), false))
  ])
}

resource "google_project_iam_member" "role" {
  for_each = local._roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.this.member

  # In the state's bucket the account has what it is granted there, and no more: it neither deletes that bucket nor
  # opens it.
  dynamic "condition" {
    for_each = each.value == "roles/storage.admin" ? ["projects/_/buckets/${var.state_bucket}"] : []
    content {
      title       = "Not the state"
      description = "Every bucket but the one of Terraform's state."
      expression  = "resource.name != \"${condition.value}\" && !resource.name.startsWith(\"${condition.value}/\")"
    }
  }
}

# Terraform's state and its lock. State tells everything about the estate, and writing it takes the estate over.
resource "google_storage_bucket_iam_member" "state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.this.member
}

resource "google_access_context_manager_access_policy_iam_member" "perimeter" {
  for_each = toset(var.access_policy[*])

  name   = each.value
  role   = one([for row in local._catalogue : row.role if row.scope == "access policy"])
  member = google_service_account.this.member
}
