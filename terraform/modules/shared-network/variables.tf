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

variable "subnet" {
  description = "The existing subnet that notebooks stand in. It must have Private Google Access and DNS for Google's virtual IPs; the network module shows what that takes."
  type = object({
    name   = string
    region = string
  })
  nullable = false
}
