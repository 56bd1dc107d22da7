resource "google_kms_key_ring" "this" {
  project  = var.project_id
  name     = var.key_ring
  location = var.location
}

resource "google_kms_crypto_key" "this" {
  # checkov:skip=CKV_GCP_43:rotation_days is 1 to 90 by its validation, which checkov does not compute.
  # checkov:skip=CKV_GCP_82:deletion_policy PREVENT refuses a destroy as prevent_destroy would, and can be lifted by a variable.

  name                       = var.key
  key_ring                   = google_kms_key_ring.this.id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.rotation_days * 24 * 60 * 60}s"
  destroy_scheduled_duration = "${30 * 24 * 60 * 60}s"
  deletion_policy            = var.deletion_policy
  labels                     = var.labels

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.protection_level
  }
}
