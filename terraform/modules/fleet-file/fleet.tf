# Reads the file; `nbp check` has said before whether it is right. What the file leaves out is filled in here as
# notebook_provisioner.core.fleet fills it in, and a test compares the two.
locals {
  _file       = yamldecode(file(var.path))
  _network    = local._file.network
  _perimeter  = local._file.perimeter
  _encryption = local._file.encryption
  _labels     = try(local._file.labels, {})

  _built_in_job = { time_zone = "UTC", tasks = null, silent_after_hours = 26 }
  _job_names    = ["prune", "upgrade"]
  _serves       = try(local._file.maintenance.serves, [])

  # The fleet files that a job reads besides its own: each as the last apply of that fleet published it.
  _served_files = {
    for name in local._job_names : name => [
      for served in local._serves : "gs://${local.buckets["${served.project}/${served.fleet}"]}/fleet.yaml"
      if contains(try(served.jobs, local._job_names), name)
    ]
  }

  fleet = {
    name    = local._file.name
    project = local._file.project
    region  = local._file.region
    target  = coalesce(var.target, local._file.target)
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
      vip     = try(local._network.vip, "restricted")
      egress  = try(local._network.egress, { mode = "none" })
      iap_ssh = try(local._network.iap_ssh, false)
    }

    perimeter = {
      mode                   = local._perimeter.mode
      name                   = "nbp_${replace(local._file.name, "-", "_")}"
      organization           = try(local._perimeter.organization, null)
      access_policy          = try(local._perimeter.access_policy, null)
      access_levels          = try(local._perimeter.access_levels, [])
      existing_access_levels = try(local._perimeter.existing_access_levels, [])
      ingress                = try(local._perimeter.ingress, [])
      egress                 = try(local._perimeter.egress, [])

      restricted_services = try(local._perimeter.restricted_services, [])
      accessible_services = try(local._perimeter.accessible_services, [])
    }

    observability = try(local._file.observability, null) == null ? null : {
      retention_days = try(local._file.observability.retention_days, 400)
      locked         = try(local._file.observability.locked, true)
      notify         = try(local._file.observability.notify, [])
      budget         = try(merge({ thresholds = [50, 90, 100] }, local._file.observability.budget), null)
    }

    maintenance = try(local._file.maintenance, null) == null ? null : {
      image = try(local._file.maintenance.image, null)
      jobs = {
        for name in local._job_names : name => merge(local._built_in_job, local._file.maintenance[name], {
          tasks        = try(local._file.maintenance[name].tasks, min(100, 1 + length(local._served_files[name])))
          served_files = local._served_files[name]
        })
        if try(local._file.maintenance[name], null) != null
      }
      served_by = try(local._file.maintenance.served_by, null)
    }

    # The key is guarded as long as one of the fleet's notebooks is. After that it is left behind, usable: snapshots and
    # soft-deleted objects may still need it.
    encryption = {
      create           = local._encryption.mode == "create"
      key_ring         = try(local._encryption.key_ring, null)
      key              = try(local._encryption.key, null)
      kms_key          = try(local._encryption.kms_key, null)
      rotation_days    = try(local._encryption.rotation_days, 90)
      protection_level = try(local._encryption.protection_level, "SOFTWARE")
      deletion_policy  = anytrue(values(local.notebooks)[*].deletion_protection) ? "PREVENT" : "ABANDON"
    }
  }
}
