# A notebook's key goes before the default's, which goes before the built-in one, whole; but labels and metadata are
# merged, and exemptions are a notebook's own.
locals {
  _built_in = {
    idle_timeout_seconds  = 3600
    deletion_protection   = true
    post_startup_behavior = "run_once"
    managed_euc           = false
    data_disk_snapshots   = null
    zone                  = null
  }
  _built_in_snapshots = { hour = 2, keep_days = 14 }
  _built_in_sync_bucket = {
    noncurrent_days   = 30
    soft_delete_days  = 30
    retention_days    = null
    access_log_bucket = null
  }
  _built_in_disks = {
    boot = { size_gb = 150, type = "PD_BALANCED" }
    data = { size_gb = 100, type = "PD_BALANCED" }
  }
  _built_in_image = { project = "cloud-notebooks-managed", family = "workbench-instances-2603", name = null }

  _defaults = try(local._file.defaults, {})

  _settings = {
    for notebook in local._file.notebooks : notebook.name => merge(local._built_in, local._defaults, notebook, {
      labels     = merge(local._labels, try(local._defaults.labels, {}), try(notebook.labels, {}))
      metadata   = merge(try(local._defaults.metadata, {}), try(notebook.metadata, {}))
      exemptions = try(notebook.exemptions, [])
    })
  }

  _profiles = {
    for name, profile in local._file.profiles : name => {
      machine_type         = profile.machine_type
      gpu                  = try({ type = profile.gpu.type, count = try(profile.gpu.count, 1) }, null)
      boot_disk            = merge(local._built_in_disks.boot, try(profile.boot_disk, {}))
      data_disk            = merge(local._built_in_disks.data, try(profile.data_disk, {}))
      container            = try({ repository = profile.container.repository, tag = try(profile.container.tag, "latest") }, null)
      confidential_compute = try(profile.confidential_compute, null)
      image = (
        try(profile.image, null) != null
        ? merge(local._built_in_image, { family = null }, try(profile.image, {}))
        : (try(profile.container, null) == null ? local._built_in_image : null)
      )
    }
  }

  notebooks = {
    for name, notebook in local._settings : name => {
      name                  = name
      owner                 = notebook.owner
      zone                  = coalesce(notebook.zone, local._file.zones[0])
      profile_name          = notebook.profile
      profile               = local._profiles[notebook.profile]
      labels                = notebook.labels
      idle_timeout_seconds  = notebook.idle_timeout_seconds
      deletion_protection   = notebook.deletion_protection
      exemptions            = [for exemption in notebook.exemptions : { control = exemption.control, reason = exemption.reason }]
      metadata              = notebook.metadata
      post_startup_behavior = notebook.post_startup_behavior
      managed_euc           = notebook.managed_euc
      data_disk_snapshots   = notebook.data_disk_snapshots == null ? null : merge(local._built_in_snapshots, notebook.data_disk_snapshots)
      sync_enabled          = try(notebook.sync.enabled, false)
      sync_bucket           = merge(local._built_in_sync_bucket, try(notebook.sync.bucket, {}))
    }
  }
}
