variable "additional_metadata" {
  description = "Metadata for what no other variable covers, such as `install-unattended-upgrades` or `jupyter-user`: keys that Google documents for users. All others are refused."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), local._guarded_keys.system,
    )) == 0
    error_message = "These keys are protected by Workbench, which refuses or overwrites them: ${join(", ", setintersection(
      keys(var.additional_metadata), local._guarded_keys.system,
    ))}."
  }
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), local._guarded_keys.module,
    )) == 0
    error_message = "These keys are decided elsewhere, by idle_timeout_seconds, exemptions, post_startup_script, or by `nbp upgrade`: ${join(", ", setintersection(
      keys(var.additional_metadata), local._guarded_keys.module,
    ))}."
  }
  validation {
    condition = length(setintersection(
      keys(var.additional_metadata), local._guarded_keys.code,
    )) == 0
    error_message = "These keys run code as root or let people in past IAM; use a post-startup script, or OS Login: ${join(", ", setintersection(
      keys(var.additional_metadata), local._guarded_keys.code,
    ))}."
  }
  validation {
    condition = length(setsubtract(
      keys(var.additional_metadata), flatten([for list in ["allowed", "system", "module", "code"] : local._guarded_keys[list]]),
    )) == 0
    error_message = "These keys are none that Google documents for users, and root reads them in the guest. Known are: ${join(", ", local._guarded_keys.allowed)}."
  }
}

variable "data_disk_snapshots" {
  description = "Daily snapshots of the data disk: the hour, in UTC, in which they begin, and for how many days each is kept. Null takes none."
  type = object({
    hour      = optional(number, 2)
    keep_days = optional(number, 14)
  })
  default = null
  validation {
    condition = var.data_disk_snapshots == null || try(
      contains(range(24), var.data_disk_snapshots.hour) && contains(range(1, 366), var.data_disk_snapshots.keep_days), false,
    )
    error_message = "data_disk_snapshots.hour is a whole number from 0 to 23, keep_days one from 1 to 365."
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
  description = "Controls left off on purpose, each with its reason."
  type = list(object({
    control = string
    reason  = string
  }))
  default  = []
  nullable = false
  validation {
    condition = length(setsubtract(var.exemptions[*].control, [
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
    condition     = alltrue([for exemption in var.exemptions : length(trimspace(exemption.reason)) >= 10])
    error_message = "Each exemption needs a reason of 10 characters or more: somebody will ask."
  }
}

variable "idle_timeout_seconds" {
  description = "Idle time before the notebook is shut down. Google's default is 10800. Without effect where `idle-timeout-seconds` is exempted."
  type        = number
  default     = 3600
  validation {
    condition = contains(var.exemptions[*].control, "idle-timeout-seconds") || try(
      var.idle_timeout_seconds >= 600 && var.idle_timeout_seconds <= 86400 && floor(var.idle_timeout_seconds) == var.idle_timeout_seconds,
      false,
    )
    error_message = "idle_timeout_seconds is a whole number from 600 to 86400; to have no idle shutdown, exempt idle-timeout-seconds and say why."
  }
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

variable "managed_euc" {
  description = "Managed end-user credentials: code runs with the owner's own rights, once they consent, in place of a service account of the notebook's own. Google then chooses the VM's account, blocks SSH, and takes no other post-startup script than the first, so that this module gives it none. Settled when the notebook is made."
  type        = bool
  default     = false
  nullable    = false
  validation {
    condition     = !var.managed_euc || var.post_startup_script == null
    error_message = "A notebook with managed end-user credentials takes no post_startup_script: another one would replace the notebook and its disks."
  }
}

variable "name" {
  description = "Name of the notebook. Its VM bears the same name."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$", var.name))
    error_message = "A notebook's name is 1 to 48 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen: its data disk is called NAME-data-workspace, and Google takes 63."
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

variable "profile" {
  description = "What the notebook runs on. Disks grow in place; another disk type, VM image or confidential computing replaces the notebook; machine type, GPU and container stop and start it. The newest image of a family is looked up once, at creation: `nbp upgrade` does the rest. A GPU's driver is installed."
  type = object({
    machine_type = string
    gpu = optional(object({
      type  = string
      count = optional(number, 1)
    }))
    confidential_compute = optional(string)
    boot_disk = optional(object({
      size_gb = optional(number, 150)
      type    = optional(string, "PD_BALANCED")
    }), {})
    data_disk = optional(object({
      size_gb = optional(number, 100)
      type    = optional(string, "PD_BALANCED")
    }), {})
    image = optional(object({
      project = optional(string, "cloud-notebooks-managed")
      family  = optional(string)
      name    = optional(string)
    }))
    container = optional(object({
      repository = string
      tag        = optional(string, "latest")
    }))
  })
  nullable = false
  validation {
    condition     = (var.profile.image == null) != (var.profile.container == null)
    error_message = "A notebook runs a VM image or a container: give profile.image or profile.container, not both."
  }
  validation {
    condition     = var.profile.image == null || try((var.profile.image.family == null) != (var.profile.image.name == null), false)
    error_message = "profile.image takes a family, or the name of one image; not both."
  }
  validation {
    condition = alltrue([
      for disk in [var.profile.boot_disk, var.profile.data_disk] :
      disk.size_gb >= 10 && disk.size_gb <= 64000 && floor(disk.size_gb) == disk.size_gb
    ])
    error_message = "A disk's size_gb is a whole number from 10 to 64000."
  }
  validation {
    condition     = var.profile.gpu == null || !startswith(var.profile.machine_type, "e2-")
    error_message = "E2 machines take no GPU; use N1 with T4, P4, P100 or V100, or a machine type that has the GPU built in (G2 for L4, A2 for A100)."
  }
  validation {
    condition     = var.profile.gpu == null || var.profile.confidential_compute == null
    error_message = "A confidential VM with SEV takes no GPU; drop one of profile.gpu and profile.confidential_compute."
  }
  validation {
    condition     = var.profile.confidential_compute == null || try(contains(["SEV"], var.profile.confidential_compute), false)
    error_message = "profile.confidential_compute is SEV or null."
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
  validation {
    condition     = can(regex("^projects/[^/]+/roles/[a-zA-Z0-9_.]{3,64}$", var.vm_role))
    error_message = "vm_role is a custom role of the project, projects/PROJECT/roles/ROLE: no predefined role is as small."
  }
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
