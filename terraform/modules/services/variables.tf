variable "features" {
  description = "What is used besides notebooks: `bootstrap`, `budget`, `maintenance`, `secure-web-proxy`."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = length(setsubtract(var.features, local._features)) == 0
    error_message = "features are ${join(", ", local._features)}."
  }
}

variable "project_id" {
  description = "Project in which the APIs are enabled."
  type        = string
  nullable    = false
}
