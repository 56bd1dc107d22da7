variable "access_policy" {
  description = "Number of the access policy in which perimeters are made. Null grants nothing there."
  type        = string
  default     = null
}

variable "features" {
  description = "What fleets use: `encryption` and `network` where they make a key and a network, `maintenance`, `observability`."
  type        = set(string)
  default     = ["encryption", "maintenance", "network", "observability"]
  nullable    = false
  validation {
    condition     = length(setsubtract(var.features, local._features)) == 0
    error_message = "features are ${join(", ", local._features)}."
  }
}

variable "impersonators" {
  description = "People and groups who may act as the account, as `user:ana@example.com` or `group:platform@example.com`."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for member in var.impersonators : can(regex("^(user|group):[^@:\\s]+@[^@:\\s]+$", member))])
    error_message = "impersonators are user:ADDRESS or group:ADDRESS; a pipeline comes by workload identity federation."
  }
}

variable "name" {
  description = "Id of the service account."
  type        = string
  default     = "nbp-apply"
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,20}[a-z0-9]$", var.name))
    error_message = "name is 6 to 22 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen."
  }
}

variable "pipeline" {
  description = "A pipeline that applies: the issuer of its OpenID Connect tokens, their subject, and their audience where it is not the provider's own name. Null lets none."
  type = object({
    issuer   = string
    subject  = string
    audience = optional(string)
  })
  default = null
  validation {
    condition     = var.pipeline == null || (startswith(try(var.pipeline.issuer, ""), "https://") && can(regex("^[^'*\\s]{1,127}$", var.pipeline.subject)))
    error_message = "issuer begins with https://, and subject is one whole subject of up to 127 characters, without spaces, quotes or *."
  }
}

variable "project_id" {
  description = "Project that the fleets live in."
  type        = string
  nullable    = false
}

variable "state_bucket" {
  description = "Bucket of Terraform's state."
  type        = string
  nullable    = false
}
