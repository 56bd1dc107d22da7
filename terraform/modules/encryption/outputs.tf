output "kms_key" {
  description = "The key, as `projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY`. Written out rather than read back, so that a plan shows it and no edit to the key makes it look like another."
  value       = "projects/${var.project_id}/locations/${var.location}/keyRings/${var.key_ring}/cryptoKeys/${var.key}"
  depends_on  = [google_kms_crypto_key_iam_member.service_agent]
}
