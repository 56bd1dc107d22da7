run "built_in_values" {
  command = plan
  variables {
    path = "tests/fleets/minimal.yaml"
  }
  assert {
    condition = jsonencode(output.notebooks["only"]) == jsonencode({
      name         = "only"
      owner        = "ana@example.com"
      zone         = "europe-west1-b"
      profile_name = "standard"
      profile = {
        machine_type         = "e2-standard-4"
        gpu                  = null
        boot_disk            = { size_gb = 150, type = "PD_BALANCED" }
        data_disk            = { size_gb = 100, type = "PD_BALANCED" }
        image                = { project = "cloud-notebooks-managed", family = "workbench-instances-2603", name = null }
        container            = null
        confidential_compute = null
      }
      labels                = {}
      idle_timeout_seconds  = 3600
      deletion_protection   = true
      exemptions            = []
      metadata              = {}
      post_startup_behavior = "run_once"
      managed_euc           = false
      data_disk_snapshots   = null
      sync_enabled          = false
      sync_bucket           = { noncurrent_days = 30, soft_delete_days = 30, retention_days = null, access_log_bucket = null }
    })
    error_message = "What the file leaves out must be filled in: ${jsonencode(output.notebooks["only"])}"
  }
  assert {
    condition     = length(output.sync_buckets) == 0 && length(output.scripts) == 0
    error_message = "Nothing syncs and nothing is rendered."
  }
  assert {
    condition     = output.fleet.labels == { nbp-fleet = "minimal" }
    error_message = "Everything carries the fleet's name."
  }
}

run "defaults_go_before_built_in_values" {
  command = plan
  variables {
    path = "tests/fleets/layered.yaml"
  }
  assert {
    condition     = output.notebooks["as-the-defaults-say"].idle_timeout_seconds == 7200
    error_message = "defaults.idle_timeout_seconds must hold."
  }
  assert {
    condition     = output.notebooks["as-the-defaults-say"].profile.data_disk == { size_gb = 500, type = "PD_BALANCED" }
    error_message = "A disk's missing keys must be filled in."
  }
  assert {
    condition     = output.notebooks["as-the-defaults-say"].labels == { environment = "test", layer = "defaults", team = "models" }
    error_message = "Labels of fleet and defaults must be merged."
  }
}

run "a_notebook_goes_before_the_defaults" {
  command = plan
  variables {
    path = "tests/fleets/layered.yaml"
  }
  assert {
    condition = jsonencode(output.notebooks["its-own-way"]) == jsonencode({
      name         = "its-own-way"
      owner        = "ben@example.com"
      zone         = "europe-west1-c"
      profile_name = "gpu"
      profile = {
        machine_type         = "n1-standard-8"
        gpu                  = { type = "NVIDIA_TESLA_T4", count = 1 }
        boot_disk            = { size_gb = 150, type = "PD_BALANCED" }
        data_disk            = { size_gb = 100, type = "PD_BALANCED" }
        image                = { project = "cloud-notebooks-managed", family = null, name = "workbench-instances-2603-v20260712" }
        container            = null
        confidential_compute = null
      }
      labels               = { environment = "test", layer = "notebook", team = "models" }
      idle_timeout_seconds = null
      deletion_protection  = true
      exemptions = [
        { control = "notebook-disable-terminal", reason = "It is driven from a shell." },
        { control = "idle-timeout-seconds", reason = "It trains for days on end." },
      ]
      metadata              = { install-unattended-upgrades = "true", jupyter-user = "analyst" }
      post_startup_behavior = "run_every_start"
      managed_euc           = false
      data_disk_snapshots   = { hour = 5, keep_days = 14 }
      sync_enabled          = false
      sync_bucket           = { noncurrent_days = 30, soft_delete_days = 60, retention_days = 7, access_log_bucket = "acme-usage-logs" }
    })
    error_message = "Keys replace the defaults' whole; labels and metadata are merged: ${jsonencode(output.notebooks["its-own-way"])}"
  }
  assert {
    condition     = output.fleet.encryption.deletion_policy == "PREVENT"
    error_message = "One protected notebook protects the key."
  }
}

run "a_container_takes_the_place_of_the_image" {
  command = plan
  variables {
    path = "tests/fleets/layered.yaml"
  }
  assert {
    condition = output.notebooks["a-name-of-forty-eight-letters-which-is-the-limit"].profile.container == {
      repository = "europe-west1-docker.pkg.dev/acme/notebooks/base"
      tag        = "latest"
    }
    error_message = "The container's tag must be filled in."
  }
  assert {
    condition     = output.notebooks["a-name-of-forty-eight-letters-which-is-the-limit"].profile.image == null
    error_message = "A container leaves no image."
  }
}

run "bucket_names_fit" {
  command = plan
  variables {
    path = "tests/fleets/layered.yaml"
  }
  assert {
    condition     = output.script_bucket == "a-project-with-thirty-letters1-layered-scripts"
    error_message = "Buckets begin with the project and the fleet."
  }
  assert {
    condition     = toset(keys(output.sync_buckets)) == toset(["as-the-defaults-say", "a-name-of-forty-eight-letters-which-is-the-limit"])
    error_message = "Only notebooks that sync have a bucket."
  }
  assert {
    condition     = alltrue([for name in values(output.sync_buckets) : length(name) <= 63])
    error_message = "Cloud Storage takes 63 characters."
  }
  assert {
    condition     = output.sync_buckets["as-the-defaults-say"] != output.sync_buckets["a-name-of-forty-eight-letters-which-is-the-limit"]
    error_message = "Shortened names stay apart."
  }
}

run "target_goes_before_the_file" {
  command = plan
  variables {
    path   = "tests/fleets/layered.yaml"
    target = "sandbox"
  }
  assert {
    condition     = output.fleet.target == "sandbox"
    error_message = "The variable wins."
  }
}

run "a_target_that_is_none" {
  command = plan
  variables {
    path   = "tests/fleets/minimal.yaml"
    target = "production"
  }
  expect_failures = [var.target]
}

run "a_fleet_file_that_is_not_there" {
  command = plan
  variables {
    path = "tests/fleets/absent.yaml"
  }
  expect_failures = [var.path]
}
