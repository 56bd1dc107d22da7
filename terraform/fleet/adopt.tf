# A destroy leaves key rings and keys in Cloud KMS. Where an earlier fleet of this name left them, they are taken over
# instead of made.
locals {
  _key_location = "projects/${local.fleet.project}/locations/${local.fleet.region}"
  _key          = local.fleet.encryption.create ? [local.fleet.encryption] : []
  _adopted      = var.adopt_key ? local._key : []
  _adopted_ring = var.adopt_key || var.adopt_key_ring ? local._key : []
}

import {
  for_each = toset([for key in local._adopted_ring : "${local._key_location}/keyRings/${key.key_ring}"])

  to = module.encryption[0].google_kms_key_ring.this
  id = each.value
}

import {
  for_each = toset([for key in local._adopted : "${local._key_location}/keyRings/${key.key_ring}/cryptoKeys/${key.key}"])

  to = module.encryption[0].google_kms_crypto_key.this
  id = each.value
}

# A killed apply, or a lost state, leaves the access policy that was made for this project alone.
import {
  for_each = toset(var.adopt_access_policy == null ? [] : [var.adopt_access_policy])

  to = module.perimeter[0].google_access_context_manager_access_policy.created[0]
  id = each.value
}
