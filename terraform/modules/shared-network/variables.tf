variable "host_project_id" {
  description = "Project that owns the shared VPC."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the existing VPC network."
  type        = string
  nullable    = false
}

variable "notebooks_service_agent" {
  description = "E-mail of the Notebooks service agent of the fleet's project."
  type        = string
  nullable    = false
  validation {
    condition     = endswith(var.notebooks_service_agent, "@gcp-sa-notebooks.iam.gserviceaccount.com")
    error_message = "The Notebooks service agent is service-PROJECT_NUMBER@gcp-sa-notebooks.iam.gserviceaccount.com."
  }
}

variable "subnet" {
  description = "The existing subnet that notebooks stand in. It must have Private Google Access and DNS for Google's virtual IPs; the network module shows what that takes."
  type = object({
    name   = string
    region = string
  })
  nullable = false
}
