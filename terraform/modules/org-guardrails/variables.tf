variable "cmek_services" {
  description = "Services that may make nothing without a customer's key, such as `compute.googleapis.com`, for folders and projects where every fleet has one. Empty leaves the choice open."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for service in var.cmek_services : can(regex("^[a-z0-9-]+\\.googleapis\\.com$", service))])
    error_message = "Services are named like compute.googleapis.com."
  }
}

variable "images" {
  description = "Images that notebooks may be made from, such as `ainotebooks-vm/cloud-notebooks-managed/image-family/workbench-instances-2603`. Empty leaves the choice open."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for image in var.images : can(regex("^ainotebooks-(vm/[^/]+/image-(family|name)/[^/]+|container/.+)$", image))])
    error_message = "Images are ainotebooks-vm/PROJECT/image-family/FAMILY, ainotebooks-vm/PROJECT/image-name/NAME or ainotebooks-container/REPOSITORY:TAG."
  }
}

variable "left_out" {
  description = "Constraints that are not set, as {CONSTRAINT => REASON}. By default Workbench's own upgrade schedule, which wakes no stopped notebook: `nbp upgrade` does."
  type        = map(string)
  default     = { "ainotebooks.requireAutoUpgradeSchedule" = "nbp upgrade upgrades, and wakes a stopped notebook first." }
  nullable    = false
  validation {
    condition     = length(setsubtract(keys(var.left_out), jsondecode(file("${path.module}/constraints.json"))[*].constraint)) == 0
    error_message = "left_out names constraints of constraints.json only."
  }
  validation {
    condition     = alltrue([for reason in values(var.left_out) : length(trimspace(reason)) >= 10])
    error_message = "Each constraint that is left out needs a reason of 10 characters or more."
  }
}

variable "mode" {
  description = "`dry-run` logs what would be refused; `enforced` refuses it."
  type        = string
  default     = "dry-run"
  nullable    = false
  validation {
    condition     = contains(["dry-run", "enforced"], var.mode)
    error_message = "mode must be dry-run or enforced."
  }
}

variable "networks" {
  description = "Networks that notebooks may stand in, as `projects/PROJECT/global/networks/NAME`. Empty leaves the choice open."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for network in var.networks : can(regex("^projects/[^/]+/global/networks/[^/]+$", network))])
    error_message = "Networks are projects/PROJECT/global/networks/NAME."
  }
}

variable "parent" {
  description = "What the policies hold for: `projects/ID`, `folders/NUMBER` or `organizations/NUMBER`."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^(projects/[a-z0-9-]+|folders/[0-9]+|organizations/[0-9]+)$", var.parent))
    error_message = "parent is projects/ID, folders/NUMBER or organizations/NUMBER."
  }
}

variable "regions" {
  description = "Regions that resources may be in. Empty leaves the choice open."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]+-[a-z]+[0-9]+$", region))])
    error_message = "Regions are such as europe-west4."
  }
}

variable "without_dry_run" {
  description = "Constraints that have no dry run, by what Google lists as `supportsDryRun`: left out of a dry run, and set when `enforced`."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = length(setsubtract(var.without_dry_run, jsondecode(file("${path.module}/constraints.json"))[*].constraint)) == 0
    error_message = "without_dry_run names constraints of constraints.json only."
  }
}
