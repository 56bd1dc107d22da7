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
}

variable "noncurrent_days" {
  description = "Days that an overwritten or deleted version is kept; 7 or more."
  type        = number
  default     = 30
  nullable    = false
}

variable "project_id" {
  description = "Project that owns the bucket."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days in which no version can be deleted by anybody. Null sets no such time. A sync that deletes fails on what is younger."
  type        = number
  default     = null
}

variable "soft_delete_days" {
  description = "Days in which a deleted object can be restored, whoever deleted it; 7 to 90."
  type        = number
  default     = 30
  nullable    = false
}

variable "writer" {
  description = "E-mail of the one notebook's service account that syncs here."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^nb-[a-z0-9-]{3,27}@", var.writer)) && endswith(var.writer, "@${var.project_id}.iam.gserviceaccount.com")
    error_message = "Only a notebook's own account writes here, nb-…@${var.project_id}.iam.gserviceaccount.com; with managed end-user credentials a notebook has none."
  }
}
