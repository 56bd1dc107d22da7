# Only keys that a user may set. What the service itself writes (guest attributes, OS Login, the proxy's keys) is left
# to it: the API refuses some of those keys, and the provider hides their drift, which `nbp plan` looks for.
locals {
  _guarded_keys = jsondecode(file("${path.module}/metadata_keys.json"))

  _hardening = {
    for control in ["notebook-disable-downloads", "notebook-disable-nbconvert", "notebook-disable-root", "notebook-disable-terminal"] :
    control => tostring(!contains(var.exemptions[*].control, control))
  }

  # The API has no value for "never": the key is there with 600 to 86400 seconds, or it is not there.
  _idle_shutdown = contains(var.exemptions[*].control, "idle-timeout-seconds") ? {} : {
    idle-timeout-seconds = tostring(var.idle_timeout_seconds)
  }

  _post_startup = var.post_startup_script == null ? {} : {
    post-startup-script          = "gs://${var.post_startup_script.bucket}/${var.post_startup_script.object}"
    post-startup-script-behavior = var.post_startup_script.behavior
  }

  _gpu_driver = var.profile.gpu == null ? {} : {
    install-nvidia-driver = "true"
  }

  # With managed end-user credentials Workbench sets these itself, and refuses others.
  _access = var.managed_euc ? {} : {
    block-project-ssh-keys = "true"
    serial-port-enable     = "false"
  }

  metadata = merge(
    var.additional_metadata,
    local._hardening,
    local._idle_shutdown,
    local._post_startup,
    local._gpu_driver,
    local._access,
    {
      report-event-health        = "true"
      serial-port-logging-enable = "true"
    },
  )
}
