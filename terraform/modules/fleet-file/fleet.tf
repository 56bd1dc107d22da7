# Reads the file; `nbp check` has said before whether it is right. What the file leaves out is filled in here as
# notebook_provisioner.core.fleet fills it in, and a test compares the two.
locals {
  _file = yamldecode(file(var.path))

  _network    = merge({ mode = "create", vip = "restricted", iap_ssh = false }, local._file.network)
  _perimeter  = merge({ mode = "disabled" }, try(local._file.perimeter, null))
  _encryption = merge({ mode = "google-managed" }, try(local._file.encryption, null))
  _labels     = merge({}, try(local._file.labels, null))

  fleet = {
    name    = local._file.name
    project = local._file.project
    region  = local._file.region
    target  = coalesce(var.target, try(local._file.target, null), "sandbox")
    labels  = merge(local._labels, { nbp-fleet = local._file.name })

    network = {
      create       = local._network.mode == "create"
      host_project = try(local._network.host_project, null)
      name         = local._network.name
      subnet = {
        name   = local._network.subnet
        region = local._file.region
        cidr   = try(local._network.cidr, null)
      }
      vip     = local._network.vip
      iap_ssh = local._network.iap_ssh
      egress  = { for key, value in merge({ mode = "none" }, try(local._network.egress, null)) : key => value }
    }

    perimeter = {
      mode          = local._perimeter.mode
      name          = "nbp_${replace(local._file.name, "-", "_")}"
      organization  = try(local._perimeter.access_policy, null) == null ? try(local._perimeter.organization, null) : null
      access_policy = try(local._perimeter.access_policy, null)
      access_levels = try(local._perimeter.access_levels, [])
    }

    # The key outlives the fleet as long as one of its notebooks is protected; else it is left behind, usable, because
    # snapshots and soft-deleted objects may still need it.
    encryption = {
      create           = local._encryption.mode == "create"
      key_ring         = try(local._encryption.key_ring, null)
      key              = try(local._encryption.key, null)
      kms_key          = try(local._encryption.kms_key, null)
      protection_level = try(local._encryption.protection_level, "SOFTWARE")
      deletion_policy  = anytrue(values(local.notebooks)[*].deletion_protection) ? "PREVENT" : "ABANDON"
    }
  }
}
