# Cloud KMS keeps key rings and keys for ever. Where an earlier fleet of this name left them behind, they are taken over
# instead of made.
import {
  for_each = var.adopt_key && local.fleet.encryption.create ? toset([
    "projects/${local.fleet.project}/locations/${local.fleet.region}/keyRings/${local.fleet.encryption.key_ring}",
  ]) : toset([])

  to = module.encryption[0].google_kms_key_ring.this
  id = each.value
}

import {
  for_each = var.adopt_key && local.fleet.encryption.create ? toset([
    "projects/${local.fleet.project}/locations/${local.fleet.region}/keyRings/${local.fleet.encryption.key_ring}/cryptoKeys/${local.fleet.encryption.key}",
  ]) : toset([])

  to = module.encryption[0].google_kms_crypto_key.this
  id = each.value
}
