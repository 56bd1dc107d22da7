variable "egress" {
  description = "What leaves the network besides calls to Google's APIs. Mode `none`; `nat-allowlist` with the ranges of addresses, the domain names, and the TCP ports there, that may be reached through Cloud NAT; or `secure-web-proxy` with the hosts that Secure Web Proxy lets through. The modes exclude each other."
  type = object({
    mode       = optional(string, "none")
    addresses  = optional(list(string), [])
    fqdns      = optional(list(string), [])
    ports      = optional(list(number), [443])
    proxy_cidr = optional(string)
    hosts      = optional(list(string), [])
    certificate = optional(object({
      name     = string
      hostname = string
    }))
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["none", "nat-allowlist", "secure-web-proxy"], var.egress.mode)
    error_message = "egress.mode must be none, nat-allowlist or secure-web-proxy."
  }
  validation {
    condition     = (var.egress.mode == "nat-allowlist") == (length(concat(var.egress.addresses, var.egress.fqdns)) > 0)
    error_message = "egress.mode nat-allowlist needs egress.addresses or egress.fqdns, and only that mode takes them."
  }
  validation {
    condition     = (var.egress.mode == "secure-web-proxy") == (var.egress.proxy_cidr != null && length(var.egress.hosts) > 0)
    error_message = "egress.mode secure-web-proxy needs egress.proxy_cidr and egress.hosts, and only that mode takes them."
  }
  validation {
    condition     = var.egress.mode == "secure-web-proxy" || (var.egress.certificate == null && var.egress.proxy_cidr == null && length(var.egress.hosts) == 0)
    error_message = "Only egress.mode secure-web-proxy takes egress.certificate, egress.proxy_cidr and egress.hosts."
  }
  validation {
    condition = alltrue([
      for range in var.egress.addresses :
      try(tonumber(split("/", range)[1]) >= 8 && cidrhost(range, 0) == split("/", range)[0] && !strcontains(range, ":"), false)
    ])
    error_message = "Each of egress.addresses is an IPv4 range no wider than /8 that begins at its own first address, such as 203.0.113.0/24: wider than that is no allow-list."
  }
  validation {
    condition     = sum(concat([0], [for range in distinct(var.egress.addresses) : pow(2, 32 - split("/", range)[1]) if can(cidrhost(range, 0)) && !strcontains(range, ":")])) <= pow(2, 24)
    error_message = "The ranges of egress.addresses hold no more than a /8, all together: the Internet in pieces is the Internet."
  }
  validation {
    condition = alltrue(flatten([
      for range in var.egress.addresses : [
        for name, vip in local._endpoints.vips : try(
          cidrhost("${split("/", range)[0]}/${min(split("/", range)[1], 30)}", 0) != cidrhost("${split("/", vip.cidr)[0]}/${min(split("/", range)[1], 30)}", 0), true,
        ) if name != var.vip
      ]
    ]))
    error_message = "egress.addresses hold none of Google's other virtual IP: through it notebooks would reach services that var.vip keeps from them."
  }
  validation {
    condition     = length(var.egress.ports) > 0 && alltrue([for port in var.egress.ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "egress.ports are one or more whole numbers from 1 to 65535: a firewall rule without ports opens them all."
  }
  validation {
    condition     = length(var.egress.fqdns) <= 100 && alltrue([for name in var.egress.fqdns : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "egress.fqdns are 100 full domain names at most, such as docs.example.com: a firewall rule takes neither more nor wildcards."
  }
  validation {
    condition     = alltrue([for host in var.egress.hosts : can(regex("^(\\*\\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", host))])
    error_message = "egress.hosts are host names, such as docs.example.com or *.example.com: without TLS inspection the proxy sees no path."
  }
  validation {
    condition = alltrue(flatten([
      for name in concat(var.egress.fqdns, var.egress.hosts) : [
        for domain in concat(local._endpoints.domains[*].domain, local._public.domains) : name != domain && !endswith(name, ".${domain}")
      ]
    ]))
    error_message = "egress.fqdns and egress.hosts name nothing of Google's: its APIs need no entry, and its public addresses are a way past the virtual IP."
  }
  validation {
    condition = var.egress.proxy_cidr == null || try(
      tonumber(split("/", var.egress.proxy_cidr)[1]) <= 26 && cidrhost(var.egress.proxy_cidr, 0) == split("/", var.egress.proxy_cidr)[0], false,
    )
    error_message = "egress.proxy_cidr is a range of /26 or larger that begins at its own first address, such as 10.21.0.0/26."
  }
  validation {
    condition     = var.egress.certificate == null || can(regex("^projects/[^/]+/locations/[^/]+/certificates/[^/]+$", var.egress.certificate.name))
    error_message = "egress.certificate.name is projects/PROJECT/locations/REGION/certificates/NAME, of Certificate Manager."
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
