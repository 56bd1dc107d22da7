variable "adopt_access_policy" {
  description = "Number of the access policy that an earlier apply made for this project alone, to take over instead of making one. Without effect once it is in the state."
  type        = string
  default     = null
}

variable "adopt_key" {
  description = "Take over the key ring and key that an earlier fleet left behind, instead of making them. Without effect once they are in the state."
  type        = bool
  default     = false
  nullable    = false
}

variable "adopt_key_ring" {
  description = "Take over the key ring alone, where an earlier fleet left it behind without the key. Without effect once it is in the state."
  type        = bool
  default     = false
  nullable    = false
}

variable "fleet_file" {
  description = "Path of the fleet file."
  type        = string
  nullable    = false
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
}
