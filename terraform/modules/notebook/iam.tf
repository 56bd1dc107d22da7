# A service account of the notebook's own, and everything that it may do. With managed end-user credentials there is none:
# the VM runs as a service agent of Google's, and code with the rights of whoever sits at the notebook.
locals {
  _own_account = var.managed_euc ? [] : ["own"]

  _account_id = "nb-${var.name}"

  # Google takes 6 to 30 characters.
  account_id = (
    length(local._account_id) >= 6 && length(local._account_id) <= 30
    ? local._account_id
    : "nb-${substr(var.name, 0, 18)}-${substr(sha256(var.name), 0, 8)}"
  )

  # Written out, not asked of the account: so a plan shows an auditor who gets what, and Terraform, which compares each
  # notebook's resources with every other's for a reference between them, has fewer to follow.
  service_account = "${local.account_id}@${var.project_id}.iam.gserviceaccount.com"
  member          = "serviceAccount:${local.service_account}"
}

resource "google_service_account" "this" {
  count = length(local._own_account)

  project      = var.project_id
  account_id   = local.account_id
  display_name = "Notebook ${var.name}"
  description  = "The VM of notebook ${var.name}, owned by ${var.owner}."
}

resource "google_project_iam_member" "project" {
  for_each = var.managed_euc ? toset([]) : toset([
    "roles/artifactregistry.reader",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
  ])

  project = var.project_id
  role    = each.value
  member  = local.member

  depends_on = [google_service_account.this]
}

resource "google_project_iam_member" "own_instance" {
  count = length(local._own_account)

  project = var.project_id
  role    = var.vm_role
  member  = local.member

  condition {
    title       = "Only its own VM"
    description = "Notebook ${var.name} reads itself, to register with the Workbench proxy."
    expression  = "resource.name == \"projects/${var.project_id}/zones/${var.zone}/instances/${var.name}\""
  }

  depends_on = [google_service_account.this]
}

resource "google_storage_bucket_iam_member" "script" {
  count = var.post_startup_script == null ? 0 : 1

  bucket = var.post_startup_script.bucket
  role   = "roles/storage.objectViewer"
  member = local.member

  condition {
    title       = "Only its own scripts"
    description = "Post-startup scripts of notebook ${var.name}."
    expression = join("", [
      "resource.name.startsWith(\"projects/_/buckets/${var.post_startup_script.bucket}",
      "/objects/${dirname(var.post_startup_script.object)}/\")",
    ])
  }

  depends_on = [google_service_account.this]
}

# The proxy lets in who may act as the VM's service account, even in single-user mode.
resource "google_service_account_iam_member" "owner" {
  count = length(local._own_account)

  service_account_id = "projects/${var.project_id}/serviceAccounts/${local.service_account}"
  role               = "roles/iam.serviceAccountUser"
  member             = "user:${var.owner}"

  depends_on = [google_service_account.this]
}
