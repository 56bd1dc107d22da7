# A notebook's key goes before the default's, which goes before the built-in one, whole; but labels and metadata are
# merged, and exemptions add up.
locals {
  _built_in = {
    idle_timeout_seconds  = 3600
    deletion_protection   = true
    post_startup_behavior = "run_once"
    zone                  = local._file.zones[0]
  }
  _built_in_disks = {
    boot = { size_gb = 150, type = "PD_BALANCED" }
    data = { size_gb = 100, type = "PD_BALANCED" }
  }
  _built_in_image = { project = "cloud-notebooks-managed", family = "workbench-instances-2603", name = null }

  _defaults = merge({}, try(local._file.defaults, null))

  _merged = {
    for notebook in local._file.notebooks : notebook.name => merge(local._built_in, local._defaults, notebook, {
      labels     = merge(local._labels, try(local._defaults.labels, null), try(notebook.labels, null))
      metadata   = merge({}, try(local._defaults.metadata, null), try(notebook.metadata, null))
      exemptions = concat(try(local._defaults.exemptions, []), try(notebook.exemptions, []))
    })
  }

  notebooks = {
    for name, notebook in local._merged : name => {
      name                  = name
      owner                 = notebook.owner
      zone                  = notebook.zone
      profile               = notebook.profile
      machine_type          = local._file.profiles[notebook.profile].machine_type
      gpu                   = try({ type = local._file.profiles[notebook.profile].gpu.type, count = try(local._file.profiles[notebook.profile].gpu.count, 1) }, null)
      confidential_compute  = try(local._file.profiles[notebook.profile].confidential_compute, null)
      boot_disk             = merge(local._built_in_disks.boot, try(local._file.profiles[notebook.profile].boot_disk, null))
      data_disk             = merge(local._built_in_disks.data, try(local._file.profiles[notebook.profile].data_disk, null))
      image                 = merge(local._built_in_image, try(local._file.profiles[notebook.profile].image, null))
      idle_timeout_seconds  = notebook.idle_timeout_seconds
      deletion_protection   = notebook.deletion_protection
      post_startup_behavior = notebook.post_startup_behavior
      labels                = { for key, value in notebook.labels : key => tostring(value) }
      metadata              = { for key, value in notebook.metadata : key => tostring(value) }
      exemptions            = { for exemption in notebook.exemptions : exemption.control => exemption.reason... }
      sync_enabled          = try(notebook.sync.enabled, false)
    }
  }
}
