# Google's own service accounts encrypt and decrypt; no person and no notebook holds the key.
resource "google_kms_crypto_key_iam_member" "service_agent" {
  for_each = var.service_agents

  # Written out, so that a plan shows it.
  crypto_key_id = "projects/${var.project_id}/locations/${var.location}/keyRings/${var.key_ring}/cryptoKeys/${var.key}"
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"

  depends_on = [google_kms_crypto_key.this]
}
