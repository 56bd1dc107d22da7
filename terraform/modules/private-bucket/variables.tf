variable "access_log_bucket" {
  description = "Bucket that receives usage logs. Null writes none; Cloud Audit Logs record access either way."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Let a destroy delete what is in the bucket."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Key for new objects. Null leaves them to Google's keys. The Cloud Storage service agent must be able to use it."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels for the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Region of the bucket."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "A bucket's name is 3 to 63 lower-case letters, digits and hyphens, begins and ends with a letter or digit, and does not begin with goog."
  }
}

variable "noncurrent_days" {
  description = "Days that an overwritten or deleted version is kept."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.noncurrent_days >= 7
    error_message = "Keep older versions for 7 days or more: a sync that deletes is only a backup as long as they last."
  }
}

variable "project_id" {
  description = "Project that owns the bucket."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days in which no version can be deleted by anybody. Null sets no such time."
  type        = number
  default     = null
  validation {
    condition     = var.retention_days == null || try(var.retention_days >= 1, false)
    error_message = "retention_days is 1 or more, or null."
  }
}

variable "soft_delete_days" {
  description = "Days in which a deleted object can be restored, whoever deleted it."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "soft_delete_days is 7 to 90, as Cloud Storage allows."
  }
}
