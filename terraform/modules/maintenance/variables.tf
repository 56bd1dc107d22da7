variable "fleet_file" {
  description = "Where the job reads the fleet file: a bucket that is mounted, read-only."
  type = object({
    bucket = string
    object = optional(string, "fleet.yaml")
  })
  nullable = false
}

variable "fleet_name" {
  description = "Name of the fleet; what is made here is named after it."
  type        = string
  nullable    = false
}

variable "image" {
  description = "The image that the repository's Dockerfile builds, by its digest."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image ends in @sha256:DIGEST: what deletes snapshots is pinned."
  }
}

variable "labels" {
  description = "Labels for the job."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "lease" {
  description = "The object that keeps two runs apart. Its bucket must exist."
  type = object({
    bucket = string
    object = optional(string, "leases/snapshots-prune")
  })
  nullable = false
}

variable "location" {
  description = "Region of the job and its timer."
  type        = string
  nullable    = false
}

variable "project_id" {
  description = "Project that holds the fleet, the job and its timer."
  type        = string
  nullable    = false
}

variable "schedule" {
  description = "When it runs, as a cron expression of five fields."
  type        = string
  default     = "30 3 * * *"
  nullable    = false
  validation {
    condition     = length(split(" ", var.schedule)) == 5
    error_message = "schedule has five fields, such as 30 3 * * *."
  }
}

variable "shards" {
  description = "Parts that the fleet is cut into, a task each."
  type        = number
  default     = 1
  nullable    = false
  validation {
    condition     = var.shards >= 1 && var.shards <= 10000 && floor(var.shards) == var.shards
    error_message = "shards is a whole number from 1 to 10000, the most tasks that a job has."
  }
}

variable "time_zone" {
  description = "The zone that the schedule is in, by its name in the tz database."
  type        = string
  default     = "Etc/UTC"
  nullable    = false
}
