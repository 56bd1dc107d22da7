variable "deletion_policy" {
  description = "What a destroy does with the key: `PREVENT` refuses, `ABANDON` forgets the key and leaves it usable, `DELETE` destroys its versions, and with them every disk, snapshot and object that they encrypt."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "ABANDON", "DELETE"], var.deletion_policy)
    error_message = "deletion_policy must be PREVENT, ABANDON or DELETE."
  }
}

variable "key" {
  description = "Name of the key. Cloud KMS never frees a name once it was used."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,63}$", var.key))
    error_message = "A key's name is 1 to 63 letters, digits, underscores and hyphens."
  }
}

variable "key_ring" {
  description = "Name of the key ring. It stays taken until somebody deletes the ring, which no destroy does."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,63}$", var.key_ring))
    error_message = "A key ring's name is 1 to 63 letters, digits, underscores and hyphens."
  }
}

variable "labels" {
  description = "Labels for the key."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Region of the key. It must be the region of what it encrypts."
  type        = string
  nullable    = false
}

variable "project_id" {
  description = "Project that owns the key."
  type        = string
  nullable    = false
}

variable "protection_level" {
  description = "Where the key is kept: `SOFTWARE` or `HSM`. It cannot be changed later."
  type        = string
  default     = "SOFTWARE"
  nullable    = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.protection_level)
    error_message = "protection_level must be SOFTWARE or HSM."
  }
}

variable "rotation_days" {
  description = "Days between new versions of the key. CIS Google Cloud 1.10 asks for 90 or fewer."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 90 && floor(var.rotation_days) == var.rotation_days
    error_message = "rotation_days is a whole number from 1 to 90."
  }
}

variable "service_agents" {
  description = "Google's service accounts that use the key, as {PURPOSE => E-MAIL}: Compute Engine for disks, Cloud Storage for buckets, Cloud Logging for log buckets, Cloud Run for jobs, Notebooks for both on behalf of Workbench."
  type        = map(string)
  nullable    = false
  validation {
    condition = alltrue([
      for email in values(var.service_agents) :
      can(regex("^[a-z0-9-]+@(compute-system|gs-project-accounts|serverless-robot-prod|gcp-sa-[a-z0-9-]+)\\.iam\\.gserviceaccount\\.com$", email))
    ])
    error_message = "service_agents takes Google's own agents only, at compute-system, gs-project-accounts, serverless-robot-prod or gcp-sa-SERVICE: nobody else uses the key, and no account of a project does."
  }
}
