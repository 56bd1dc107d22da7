variable "accessible_services" {
  description = "Services that networks inside reach besides the restricted ones."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for service in var.accessible_services : endswith(service, ".googleapis.com")])
    error_message = "Services are named like oslogin.googleapis.com."
  }
}

variable "access_levels" {
  description = "Who reaches the protected services from outside. In the access policy a level is called PERIMETER_NAME. A caller must meet everything that one level names, and one level is enough."
  type = list(object({
    name      = string
    ip_ranges = optional(list(string), [])
    members   = optional(list(string), [])
    regions   = optional(list(string), [])
    device_policy = optional(object({
      require_screen_lock = optional(bool, true)
      require_corp_owned  = optional(bool, false)
      require_encryption  = optional(bool, true)
      management_levels   = optional(list(string), [])
    }))
  }))
  default  = []
  nullable = false
  validation {
    condition     = alltrue([for level in var.access_levels : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,49}$", "${var.name}_${level.name}")) && can(regex("^[a-zA-Z]", level.name))])
    error_message = "An access level's name is letters, digits and underscores and begins with a letter; with the perimeter's name and an underscore before it, no more than 50."
  }
  validation {
    condition     = length(distinct(concat(var.access_levels[*].name, var.existing_access_levels))) == length(var.access_levels) + length(var.existing_access_levels)
    error_message = "Access levels need names of their own."
  }
  validation {
    condition = alltrue([
      for level in var.access_levels :
      length(concat(level.ip_ranges, level.members, level.regions)) > 0 || level.device_policy != null
    ])
    error_message = "An access level that asks for nothing lets everybody in; name ip_ranges, members, regions or a device_policy."
  }
  validation {
    condition     = alltrue(flatten([for level in var.access_levels : [for range in level.ip_ranges : can(cidrhost(range, 0))]]))
    error_message = "ip_ranges are CIDR ranges, such as 203.0.113.0/24."
  }
  validation {
    condition = alltrue(flatten([
      for level in var.access_levels : [
        sum(concat([0], [for range in distinct(level.ip_ranges) : pow(2, 32 - split("/", range)[1]) if !strcontains(range, ":") && can(cidrhost(range, 0))])) <= pow(2, 24),
        sum(concat([0], [for range in distinct(level.ip_ranges) : pow(2, 128 - split("/", range)[1]) if strcontains(range, ":") && can(cidrhost(range, 0))])) <= pow(2, 96),
      ]
    ]))
    error_message = "The ip_ranges of one access level hold no more than a /8 of IPv4 addresses and a /32 of IPv6 addresses, all together: the Internet in pieces is the Internet."
  }
  validation {
    condition = alltrue([
      for level in var.access_levels : level.device_policy == null || try(
        level.device_policy.require_screen_lock
        || level.device_policy.require_corp_owned
        || level.device_policy.require_encryption
        || (length(level.device_policy.management_levels) > 0 && !contains(level.device_policy.management_levels, "NONE")),
        false,
      )
    ])
    error_message = "A device_policy that asks for nothing lets every device in; ask for a screen lock, encryption, an owner, or management_levels without NONE."
  }
}

variable "access_policy" {
  description = "Number of the access policy to use. Null creates one in `organization`, scoped to the project."
  type        = string
  default     = null
  validation {
    condition     = var.access_policy == null || can(regex("^[0-9]+$", var.access_policy))
    error_message = "access_policy is the policy's number, without accessPolicies/ before it."
  }
}

variable "additional_project_numbers" {
  description = "Numbers of other projects inside the perimeter, with an `access_policy` whose scope holds them. A shared VPC's host project belongs here."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for number in var.additional_project_numbers : can(regex("^[0-9]+$", number))])
    error_message = "Perimeters know projects by number, not by id."
  }
  validation {
    condition     = var.access_policy != null || length(setsubtract(var.additional_project_numbers, [var.project_number])) == 0
    error_message = "A policy made here is scoped to one project, and policies can only have a single scope: give access_policy, one whose scope holds the other projects too."
  }
}

variable "additional_services" {
  description = "Services to restrict besides those of services.json."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for service in var.additional_services : endswith(service, ".googleapis.com")])
    error_message = "Services are named like bigtable.googleapis.com."
  }
}

variable "egress" {
  description = "What may leave the perimeter: presets of presets.json (`read-data`, `pull-packages`, `use-key`, `image-configs`), each with the numbers of the projects that it is for; `image-configs` takes none."
  type = list(object({
    preset   = string
    projects = optional(list(string), [])
  }))
  default  = []
  nullable = false
  validation {
    condition     = length(setsubtract(var.egress[*].preset, [for row in jsondecode(file("${path.module}/presets.json")) : row.preset if row.direction == "egress"])) == 0
    error_message = "egress knows the presets read-data, pull-packages, use-key and image-configs."
  }
  validation {
    condition = alltrue([
      for rule in var.egress : (length(rule.projects) > 0) == (rule.preset != "image-configs")
    ])
    error_message = "Each rule for egress names projects by number; image-configs names none."
  }
  validation {
    condition     = alltrue(flatten([for rule in var.egress : [for number in rule.projects : can(regex("^[0-9]+$", number))]]))
    error_message = "Perimeters know projects by number, not by id."
  }
}

variable "existing_access_levels" {
  description = "Access levels of `access_policy` that somebody else made and looks after, by name. They lead in like those of `access_levels`."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.existing_access_levels : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,49}$", name))])
    error_message = "An access level's name is 1 to 50 letters, digits and underscores and begins with a letter."
  }
  validation {
    condition     = var.access_policy != null || length(var.existing_access_levels) == 0
    error_message = "A policy made here holds no level yet: give access_policy, the one that holds them."
  }
}

variable "ingress" {
  description = "What may enter the perimeter besides what `access_levels` let in: presets of presets.json (`workbench-users` and `operators` for access levels, `pipeline` and `maintenance` for projects by number). A level that a rule names leads to what the preset names, and no longer to everything."
  type = list(object({
    preset        = string
    access_levels = optional(list(string), [])
    projects      = optional(list(string), [])
  }))
  default  = []
  nullable = false
  validation {
    condition     = length(setsubtract(var.ingress[*].preset, [for row in jsondecode(file("${path.module}/presets.json")) : row.preset if row.direction == "ingress"])) == 0
    error_message = "ingress knows the presets workbench-users, operators, pipeline and maintenance."
  }
  validation {
    condition = alltrue([
      for rule in var.ingress : contains(["pipeline", "maintenance"], rule.preset)
      ? length(rule.projects) > 0 && length(rule.access_levels) == 0
      : length(rule.access_levels) > 0 && length(rule.projects) == 0
    ])
    error_message = "workbench-users and operators name access_levels; pipeline and maintenance name projects."
  }
  validation {
    condition     = length(setsubtract(flatten(var.ingress[*].access_levels), concat(var.access_levels[*].name, var.existing_access_levels))) == 0
    error_message = "ingress names levels of access_levels or existing_access_levels."
  }
  validation {
    condition     = alltrue(flatten([for rule in var.ingress : [for number in rule.projects : can(regex("^[0-9]+$", number))]]))
    error_message = "Perimeters know projects by number, not by id."
  }
}

variable "mode" {
  description = "`dry-run` logs what would be refused; `enforced` refuses it. Read the dry run's violations for a week or more before enforcing."
  type        = string
  default     = "dry-run"
  nullable    = false
  validation {
    condition     = contains(["dry-run", "enforced"], var.mode)
    error_message = "mode must be dry-run or enforced; for no perimeter, do not call the module."
  }
}

variable "name" {
  description = "Name of the perimeter."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,49}$", var.name))
    error_message = "A perimeter's name is 1 to 50 letters, digits and underscores and begins with a letter."
  }
}

variable "organization" {
  description = "Number of the organization in which to create an access policy; not needed with `access_policy`."
  type        = string
  default     = null
  validation {
    condition     = (var.organization == null) != (var.access_policy == null)
    error_message = "Give organization, to create an access policy, or access_policy, to use one; not both."
  }
  validation {
    condition     = var.organization == null || can(regex("^[0-9]+$", var.organization))
    error_message = "organization is the organization's number, without organizations/ before it."
  }
}

variable "project_number" {
  description = "Number of the project to protect."
  type        = string
  nullable    = false
}
