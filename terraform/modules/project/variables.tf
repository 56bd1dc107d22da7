variable "features" {
  description = "What the fleet uses besides notebooks, as the module services knows it."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "fleet_name" {
  description = "Name of the fleet; part of the custom role's id."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.fleet_name))
    error_message = "A fleet's name is 2 to 40 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen."
  }
}

variable "keeps_logs" {
  description = "Whether the fleet has a log bucket, whose key Cloud Logging must be able to use."
  type        = bool
  default     = false
  nullable    = false
}

variable "project_id" {
  description = "Project that the fleet lives in. It must exist and have billing."
  type        = string
  nullable    = false
}
