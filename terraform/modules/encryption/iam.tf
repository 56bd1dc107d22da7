# Google's own service accounts encrypt and decrypt; no person and no notebook holds the key.
resource "google_kms_crypto_key_iam_member" "service_agent" {
  for_each = var.service_agents

  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"
}
