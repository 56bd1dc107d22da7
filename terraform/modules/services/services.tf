locals {
  _catalogue = jsondecode(file("${path.module}/services.json"))
  _features  = toset(compact(local._catalogue[*].feature))
  _services  = toset([for row in local._catalogue : row.service if row.feature == null || try(contains(var.features, row.feature), false)])
}

resource "google_project_service" "this" {
  for_each = local._services

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false # others in the project may rely on it
}
