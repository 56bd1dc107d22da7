output "kms_key" {
  description = "The key, as `projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY`. Known once the service agents may use it."
  value       = google_kms_crypto_key.this.id
  depends_on  = [google_kms_crypto_key_iam_member.service_agent]
}
