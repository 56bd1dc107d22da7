variable "bucket" {
  description = "Name for the bucket of the fleet file, leases and open records, unique in the world."
  type        = string
  nullable    = false
}

variable "fleet_file" {
  description = "What the fleet file says. It is no secret."
  type        = string
  nullable    = false
}

variable "fleet_name" {
  description = "Name of the fleet; what is made here is named after it."
  type        = string
  nullable    = false
}

variable "image" {
  description = "The image that the repository's Dockerfile builds, by its digest. Needed where there are jobs."
  type        = string
  default     = null
  validation {
    condition     = var.image == null ? length(var.jobs) == 0 : can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image ends in @sha256:DIGEST: what deletes snapshots is pinned."
  }
}

variable "jobs" {
  description = "The jobs, `prune` and `upgrade`: when each is started, as a cron expression of five fields in a time zone of the tz database, and the tasks that share the work; `served_files` are fleet files of other projects that it serves too, as gs://BUCKET/OBJECT."
  type = map(object({
    schedule     = string
    time_zone    = optional(string, "Etc/UTC")
    tasks        = optional(number, 1)
    served_files = optional(list(string), [])
  }))
  nullable = false
  validation {
    condition     = length(setsubtract(keys(var.jobs), ["prune", "upgrade"])) == 0
    error_message = "jobs are prune and upgrade."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : length(split(" ", job.schedule)) == 5])
    error_message = "schedule has five fields, such as 30 3 * * *."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.tasks >= 1 && job.tasks <= 10000 && floor(job.tasks) == job.tasks])
    error_message = "tasks is a whole number from 1 to 10000, the most that a job has."
  }
}

variable "kms_key" {
  description = "Key, in `location`, for the bucket and for the image as the jobs keep it. Null leaves both to Google's keys. The service agents of Cloud Storage and Cloud Run must be able to use it."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels for jobs and bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "location" {
  description = "Region of the jobs, their timers and the bucket."
  type        = string
  nullable    = false
}

variable "project_id" {
  description = "Project that holds the fleet, the jobs and their timers."
  type        = string
  nullable    = false
}

variable "served_by" {
  description = "The fleet of another project whose `jobs` serve this one too: their accounts get here what jobs of its own would."
  type = object({
    project = string
    fleet   = string
    jobs    = set(string)
  })
  default = null
  validation {
    condition     = var.served_by == null || length(setsubtract(try(var.served_by.jobs, []), ["prune", "upgrade"])) == 0
    error_message = "jobs are prune and upgrade."
  }
  validation {
    condition     = var.served_by == null || length(setintersection(try(var.served_by.jobs, []), keys(var.jobs))) == 0
    error_message = "Nobody does the same work twice: a job is the fleet's own, or another's."
  }
}
