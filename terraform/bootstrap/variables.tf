variable "access_policy" {
  description = "Number of the access policy in which perimeters are made. Null grants nothing there."
  type        = string
  default     = null
}

variable "applier" {
  description = "Id of the service account that applies fleets."
  type        = string
  default     = "nbp-apply"
  nullable    = false
}

variable "features" {
  description = "What fleets use: `encryption` and `network` where they make a key and a network, `maintenance`, `observability`."
  type        = set(string)
  default     = ["encryption", "maintenance", "network", "observability"]
  nullable    = false
}

variable "impersonators" {
  description = "People and groups who may act as the account, as `user:ana@example.com` or `group:platform@example.com`."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "labels" {
  description = "Labels for the state bucket; nothing else here takes any."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Region of the state bucket."
  type        = string
  nullable    = false
}

variable "pipeline" {
  description = "A pipeline that applies: the issuer of its OpenID Connect tokens, their subject, and their audience where it is not the provider's own name. Null lets none."
  type = object({
    issuer   = string
    subject  = string
    audience = optional(string)
  })
  default = null
}

variable "project_id" {
  description = "Project that the fleets live in. It must exist and have billing."
  type        = string
  nullable    = false
}

variable "state_bucket" {
  description = "Name for the bucket of Terraform's state, unique in the world."
  type        = string
  nullable    = false
}

variable "state_kms_key" {
  description = "Key that encrypts the state, as `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the bucket's region. Null leaves it to Google's keys. The key's owner first grants it to the service agent `storage`."
  type        = string
  default     = null
}
