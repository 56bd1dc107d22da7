variable "egress" {
  description = "What leaves the network besides calls to Google's APIs: mode `none`, or `nat-allowlist` with the ranges of addresses, and the TCP ports there, that may be reached through NAT. The modes exclude each other."
  type = object({
    mode      = optional(string, "none")
    addresses = optional(list(string), [])
    fqdns     = optional(list(string), [])
    ports     = optional(list(number), [443])
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["none", "nat-allowlist", "secure-web-proxy"], var.egress.mode)
    error_message = "egress.mode must be none or nat-allowlist."
  }
  validation {
    condition     = var.egress.mode != "secure-web-proxy"
    error_message = "egress.mode secure-web-proxy is not built yet; use none, or nat-allowlist with egress.addresses."
  }
  validation {
    condition     = length(var.egress.fqdns) == 0
    error_message = "egress.fqdns is not built yet; list the destinations' ranges in egress.addresses, or mirror packages to Artifact Registry, which needs no egress."
  }
  validation {
    condition     = var.egress.mode == "nat-allowlist" ? length(var.egress.addresses) > 0 : length(var.egress.addresses) == 0
    error_message = "egress.mode nat-allowlist needs egress.addresses, and only that mode takes them."
  }
  validation {
    condition = alltrue([
      for range in var.egress.addresses :
      try(tonumber(split("/", range)[1]) >= 8 && cidrhost(range, 0) == split("/", range)[0] && !strcontains(range, ":"), false)
    ])
    error_message = "Each of egress.addresses is an IPv4 range no wider than /8 that begins at its own first address, such as 203.0.113.0/24: wider than that is no allow-list."
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
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "A network's name is 1 to 63 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen."
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
