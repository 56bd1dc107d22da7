variable "additional_metadata" {
  description = "Metadata for what no other variable covers, such as `install-unattended-upgrades` or `jupyter-user`. Keys that Google, this module or an attacker would write are refused."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).system,
    )) == 0
    error_message = "These keys are protected by Workbench, which refuses or overwrites them: ${join(", ", setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).system,
    ))}."
  }
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).module,
    )) == 0
    error_message = "These keys are set by the module; use its variables (idle_timeout_seconds, exemptions, post_startup_script): ${join(", ", setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).module,
    ))}."
  }
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).code,
    )) == 0
    error_message = "These keys run code as root or let people in past IAM; use a post-startup script, or OS Login: ${join(", ", setintersection(
      keys(var.additional_metadata), jsondecode(file("${path.module}/metadata_keys.json")).code,
    ))}."
  }
}

variable "boot_disk" {
  description = "The boot disk. A size can grow in place; another type replaces the notebook."
  type = object({
    size_gb = optional(number, 150)
    type    = optional(string, "PD_BALANCED")
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.boot_disk.size_gb >= 100 && var.boot_disk.size_gb <= 64000 && floor(var.boot_disk.size_gb) == var.boot_disk.size_gb
    error_message = "boot_disk.size_gb is a whole number from 100 to 64000; Workbench's images need 150 to be upgraded in comfort."
  }
}

variable "data_disk" {
  description = "The disk that holds the user's home. A size can grow in place; another type replaces the notebook."
  type = object({
    size_gb = optional(number, 100)
    type    = optional(string, "PD_BALANCED")
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.data_disk.size_gb >= 10 && var.data_disk.size_gb <= 64000 && floor(var.data_disk.size_gb) == var.data_disk.size_gb
    error_message = "data_disk.size_gb is a whole number from 10 to 64000."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the notebook, here and in the API. To delete it, switch this off and apply first."
  type        = bool
  default     = true
  nullable    = false
}

variable "disable_public_ip" {
  description = "Give the VM no external IP. It stands here to be seen in plans; it cannot be switched off."
  type        = bool
  default     = true
  nullable    = false
  validation {
    condition     = var.disable_public_ip
    error_message = "A notebook never has an external IP: there is no exemption from this. Reach it through the Workbench proxy, or by SSH through Identity-Aware Proxy."
  }
}

variable "exemptions" {
  description = "Controls left off on purpose, as {CONTROL => REASON}."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition = length(setsubtract(keys(var.exemptions), [
      "idle-timeout-seconds",
      "notebook-disable-downloads",
      "notebook-disable-nbconvert",
      "notebook-disable-root",
      "notebook-disable-terminal",
      "secure-boot",
    ])) == 0
    error_message = "Only idle-timeout-seconds, notebook-disable-downloads, notebook-disable-nbconvert, notebook-disable-root, notebook-disable-terminal and secure-boot can be exempted."
  }
  validation {
    condition     = alltrue([for reason in values(var.exemptions) : length(trimspace(reason)) >= 10])
    error_message = "Each exemption needs a reason of 10 characters or more: somebody will ask."
  }
}

variable "idle_timeout_seconds" {
  description = "Idle time before the notebook is shut down. Google's default is 10800. Without effect where `idle-timeout-seconds` is exempted."
  type        = number
  default     = 3600
  validation {
    condition = contains(keys(var.exemptions), "idle-timeout-seconds") || try(
      var.idle_timeout_seconds >= 600 && var.idle_timeout_seconds <= 86400 && floor(var.idle_timeout_seconds) == var.idle_timeout_seconds,
      false,
    )
    error_message = "idle_timeout_seconds is a whole number from 600 to 86400; to have no idle shutdown, exempt idle-timeout-seconds and say why."
  }
}

variable "image" {
  description = "The VM image: the newest of a family, or one by name. It is read once: to change the image of a notebook that exists is to replace it, so use `nbp upgrade`."
  type = object({
    project = optional(string, "cloud-notebooks-managed")
    family  = optional(string, "workbench-instances-2603")
    name    = optional(string)
  })
  default  = {}
  nullable = false
}

variable "kms_key" {
  description = "Key for both disks, in the notebook's region. Null leaves them to Google's keys. To change it replaces the notebook."
  type        = string
  default     = null
  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version."
  }
}

variable "labels" {
  description = "Labels for the notebook."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "machine" {
  description = "Machine type, and with it GPUs (their driver is installed) or confidential computing (`SEV`). A change stops and starts the notebook; confidential computing replaces it."
  type = object({
    type = string
    gpu = optional(object({
      type  = string
      count = number
    }))
    confidential_compute = optional(string)
  })
  nullable = false
  validation {
    condition     = var.machine.gpu == null || !startswith(var.machine.type, "e2-")
    error_message = "E2 machines take no GPU; use N1 with T4, P4, P100 or V100, or a machine type that has the GPU built in (G2 for L4, A2 for A100)."
  }
  validation {
    condition     = var.machine.gpu == null || var.machine.confidential_compute == null
    error_message = "A confidential VM with SEV takes no GPU; drop one of machine.gpu and machine.confidential_compute."
  }
  validation {
    condition     = var.machine.confidential_compute == null || try(contains(["SEV"], var.machine.confidential_compute), false)
    error_message = "machine.confidential_compute is SEV or null."
  }
  validation {
    condition     = var.machine.confidential_compute == null || can(regex("^(n2d|c2d|c3d|c4d)-", var.machine.type))
    error_message = "SEV needs an AMD machine type: N2D, C2D, C3D or C4D."
  }
}

variable "name" {
  description = "Name of the notebook. Its VM bears the same name."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "A notebook's name is 1 to 63 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen."
  }
}

variable "network" {
  description = "The VPC network and subnet, as `projects/…` paths."
  type = object({
    network = string
    subnet  = string
  })
  nullable = false
}

variable "owner" {
  description = "E-mail of the one person who may open JupyterLab. Groups are not supported by Workbench. To change it replaces the notebook."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[^@:\\s]+@[^@:\\s]+\\.[^@:\\s]+$", var.owner))
    error_message = "owner is one person's e-mail address, such as ana@example.com, without user: or group: before it."
  }
}

variable "post_startup_script" {
  description = "Where the notebook's script stands, and when it runs: `run_once`, `run_every_start` or `download_and_run_every_start`. Null runs none."
  type = object({
    bucket   = string
    object   = string
    behavior = optional(string, "run_once")
  })
  default = null
  validation {
    condition = var.post_startup_script == null || try(contains(
      ["run_once", "run_every_start", "download_and_run_every_start"], var.post_startup_script.behavior,
    ), false)
    error_message = "post_startup_script.behavior must be run_once, run_every_start or download_and_run_every_start."
  }
  validation {
    condition     = var.post_startup_script == null || can(regex("/[0-9a-f]{64}\\.sh$", var.post_startup_script.object))
    error_message = "post_startup_script.object ends in /SHA256.sh: a script is named by its content, so that nobody changes it under a running notebook."
  }
}

variable "project_id" {
  description = "Project that owns the notebook."
  type        = string
  nullable    = false
}

variable "vm_role" {
  description = "Custom role with `compute.instances.get` and nothing else, as `projects/PROJECT/roles/ROLE`."
  type        = string
  nullable    = false
}

variable "zone" {
  description = "Zone of the notebook. To change it replaces the notebook."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone))
    error_message = "zone is a zone such as europe-west1-b, not a region."
  }
}
