variable "budget" {
  description = "What the project may cost a month, in whole units of the billing account's currency, and at which percentages somebody is told. Null sets no budget."
  type = object({
    billing_account = string
    monthly         = number
    currency        = string
    thresholds      = optional(list(number), [50, 90, 100])
  })
  default = null
  validation {
    condition     = var.budget == null || (can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && try(var.budget.monthly >= 1, false))
    error_message = "billing_account is written 012345-6789AB-CDEF01, and monthly is 1 or more."
  }
  validation {
    condition     = var.budget == null || (length(var.notify) > 0 && var.project_number != null)
    error_message = "A budget needs somebody to notify, and the project's number."
  }
}

variable "fleet_name" {
  description = "Name of the fleet; what is made here is named after it."
  type        = string
  nullable    = false
}

variable "jobs" {
  description = "Cloud Run jobs to watch, `prune` and `upgrade`: their names, and the hours without a success that raise an alert."
  type = map(object({
    name               = string
    silent_after_hours = number
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.silent_after_hours >= 1 && job.silent_after_hours <= 48])
    error_message = "silent_after_hours is 1 to 48."
  }
}

variable "kms_key" {
  description = "Key for the log bucket, in its region; only a new bucket takes one. Null leaves it to Google's keys. The account of Cloud Logging that the module project names must be able to use it."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels for alert policies and notification channels; log buckets, sinks and metrics take none."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Region of the log bucket. It cannot be changed later."
  type        = string
  nullable    = false
}

variable "locked" {
  description = "Lock the log bucket: its retention can then only grow, and the bucket cannot be deleted while it holds logs. It cannot be unlocked."
  type        = bool
  default     = true
  nullable    = false
}

variable "made_before" {
  description = "Whatever must be there before the log bucket is made: a locked one cannot be taken back, so an apply that fails should not have made it."
  type        = any
  default     = null
}

variable "notify" {
  description = "E-mail addresses that are told of alerts."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for address in var.notify : can(regex("^[^@:\\s]+@[^@:\\s]+\\.[^@:\\s]+$", address))])
    error_message = "notify takes e-mail addresses, such as security@example.com."
  }
}

variable "project_id" {
  description = "Project whose logs are kept and watched."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "The project's number, for a budget."
  type        = string
  default     = null
}

variable "retention_days" {
  description = "Days for which audit logs are kept. A locked bucket takes no fewer later."
  type        = number
  default     = 400
  nullable    = false
  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 3650 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number from 30 to 3650."
  }
}

variable "upgrader" {
  description = "E-mail address of the service account that upgrades the fleet's notebooks; null where there is no such job."
  type        = string
  default     = null
}
