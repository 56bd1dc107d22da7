# A pipeline's own token is traded for one of this account, for one subject that the condition names too.
resource "google_iam_workload_identity_pool" "pipelines" {
  count = var.pipeline == null ? 0 : 1

  project                   = var.project_id
  workload_identity_pool_id = "${var.name}-pipelines"
  display_name              = "Pipelines that apply fleets"
}

resource "google_iam_workload_identity_pool_provider" "pipeline" {
  count = var.pipeline == null ? 0 : 1

  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.pipelines[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "pipeline"
  display_name                       = "The pipeline"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = "assertion.sub == '${var.pipeline.subject}'"

  oidc {
    issuer_uri        = var.pipeline.issuer
    allowed_audiences = var.pipeline.audience[*]
  }
}

resource "google_service_account_iam_member" "pipeline" {
  count = var.pipeline == null ? 0 : 1

  service_account_id = google_service_account.this.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.pipelines[0].name}/subject/${var.pipeline.subject}"
}
