variable "path" {
  description = "Path of the fleet file."
  type        = string
  nullable    = false
  validation {
    condition     = fileexists(var.path)
    error_message = "There is no fleet file at ${var.path}."
  }
}

variable "rendered_directory" {
  description = "Directory that holds one rendered post-startup script a notebook, named `NOTEBOOK.sh`. Null means that no notebook runs one."
  type        = string
  default     = null
}

variable "target" {
  description = "`google` or `sandbox`, to go before what the fleet file says."
  type        = string
  default     = null
  validation {
    condition     = var.target == null || try(contains(["google", "sandbox"], var.target), false)
    error_message = "target must be google or sandbox."
  }
}
