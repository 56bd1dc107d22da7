variable "egress" {
  description = "What leaves the network besides Google's APIs: mode `none`, or `nat-allowlist` with the addresses that HTTPS may reach through NAT. The modes exclude each other."
  type = object({
    mode           = optional(string, "none")
    allowed_ranges = optional(list(string), [])
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.egress.mode != "secure-web-proxy"
    error_message = "Egress mode secure-web-proxy is not built yet; use none, or nat-allowlist with egress.allowed_ranges."
  }
  validation {
    condition     = contains(["none", "nat-allowlist", "secure-web-proxy"], var.egress.mode)
    error_message = "Egress mode must be none, nat-allowlist or secure-web-proxy."
  }
  validation {
    condition     = (var.egress.mode == "nat-allowlist") == (length(var.egress.allowed_ranges) > 0)
    error_message = "Egress mode nat-allowlist needs egress.allowed_ranges, and only that mode takes them."
  }
  validation {
    condition = alltrue([
      for range in var.egress.allowed_ranges :
      try(tonumber(split("/", range)[1]) >= 16 && cidrhost(range, 0) == split("/", range)[0], false)
    ])
    error_message = "Each of egress.allowed_ranges is a CIDR range no wider than /16 that begins at its own first address, such as 203.0.113.0/24: wider than that is not an allow-list."
  }
}

variable "flow_logs" {
  description = "Flow logs of the subnet. The defaults record every flow, as CIS Google Cloud 3.8 asks; sample less where the cost matters more."
  type = object({
    aggregation_interval = optional(string, "INTERVAL_5_SEC")
    sampling             = optional(number, 1)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.flow_logs.sampling > 0 && var.flow_logs.sampling <= 1
    error_message = "flow_logs.sampling is a share above 0, up to 1: flow logs cannot be switched off."
  }
}

variable "iap_ssh" {
  description = "Let SSH in from Identity-Aware Proxy (35.235.240.0/20). Off unless somebody needs a shell from outside JupyterLab."
  type        = bool
  default     = false
  nullable    = false
}

variable "labels" {
  description = "Labels for everything here that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Name of the VPC network; what belongs to it is named after it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,35}[a-z0-9])?$", var.name))
    error_message = "A network's name is 1 to 37 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen: Google allows 63, the longest name built on it adds 26."
  }
}

variable "project_id" {
  description = "Project that owns the network."
  type        = string
  nullable    = false
}

variable "subnet" {
  description = "The subnet that notebooks stand in."
  type = object({
    name   = string
    region = string
    cidr   = string
  })
  nullable = false
  validation {
    condition     = try(cidrhost(var.subnet.cidr, 0) == split("/", var.subnet.cidr)[0], false)
    error_message = "subnet.cidr is a range that begins at its own first address, such as 10.20.0.0/24."
  }
}

variable "vip" {
  description = "Which of Google's virtual IPs the network's DNS answers with: `restricted` (only services that VPC Service Controls can protect) or `private` (all of them). Every zone uses the same one."
  type        = string
  default     = "restricted"
  nullable    = false
  validation {
    condition     = contains(["restricted", "private"], var.vip)
    error_message = "vip must be restricted or private."
  }
}
