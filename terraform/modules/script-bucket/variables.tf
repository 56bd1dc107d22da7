variable "kms_key" {
  description = "Key for the scripts. Null leaves them to Google's keys."
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

variable "project_id" {
  description = "Project that owns the bucket."
  type        = string
  nullable    = false
}

variable "scripts" {
  description = "Rendered post-startup scripts, as {NOTEBOOK => CONTENT}."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for content in values(var.scripts) : startswith(content, "#!")])
    error_message = "A post-startup script begins with #! and an interpreter; a bad one leaves the notebook unprovisioned without a word."
  }
}
