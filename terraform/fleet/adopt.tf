# Cloud KMS keeps key rings and keys for ever. Where an earlier fleet of this name left them behind, they are taken over
# instead of made.
locals {
  _key_location = "projects/${local.fleet.project}/locations/${local.fleet.region}"
  _adopted      = var.adopt_key && local.fleet.encryption.create ? [local.fleet.encryption] : []
}

import {
  for_each = toset([for key in local._adopted : "${local._key_location}/keyRings/${key.key_ring}"])

  to = module.encryption[0].google_kms_key_ring.this
  id = each.value
}

import {
  for_each = toset([for key in local._adopted : "${local._key_location}/keyRings/${key.key_ring}/cryptoKeys/${key.key}"])

  to = module.encryption[0].google_kms_crypto_key.this
  id = each.value
}
