# Who applies the fleet. No key: people impersonate the account, a pipeline comes by workload identity federation.
resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.name
  display_name = "Applies the notebook fleets of ${var.project_id}"
}

resource "google_service_account_iam_member" "person" {
  for_each = var.impersonators

  service_account_id = google_service_account.this.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}
