variable "keeps_logs" {
  description = "Whether a log bucket is encrypted, which Cloud Logging does with an account of its own."
  type        = bool
  default     = false
  nullable    = false
}

variable "project_id" {
  description = "Project that the agents belong to."
  type        = string
  nullable    = false
}

variable "runs_jobs" {
  description = "Whether Cloud Run runs jobs."
  type        = bool
  default     = false
  nullable    = false
}
