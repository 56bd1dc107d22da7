mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "nb-mock@project.iam.gserviceaccount.com"
      member = "serviceAccount:nb-mock@project.iam.gserviceaccount.com"
      name   = "projects/project/serviceAccounts/nb-mock@project.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id = "project"
  name       = "ana-research"
  zone       = "europe-west1-b"
  owner      = "ana@example.com"
  network    = { network = "projects/project/global/networks/n", subnet = "projects/project/regions/europe-west1/subnetworks/s" }
  profile    = { machine_type = "e2-standard-4", image = { family = "workbench-instances-2603" } }
  vm_role    = "projects/project/roles/nbp_fleet_vm"
  post_startup_script = {
    bucket = "scripts"
    object = "post-startup/ana-research/6ae8a75555209fd6c44157c0aed8016e763ff435a19cf186f76863140143ff72.sh"
  }
}

run "hardened_by_default" {
  command = plan
  assert {
    condition = output.metadata == {
      block-project-ssh-keys       = "true"
      idle-timeout-seconds         = "3600"
      notebook-disable-downloads   = "true"
      notebook-disable-nbconvert   = "true"
      notebook-disable-root        = "true"
      notebook-disable-terminal    = "true"
      post-startup-script          = "gs://scripts/post-startup/ana-research/6ae8a75555209fd6c44157c0aed8016e763ff435a19cf186f76863140143ff72.sh"
      post-startup-script-behavior = "run_once"
      report-event-health          = "true"
      serial-port-enable           = "false"
      serial-port-logging-enable   = "true"
    }
    error_message = "Metadata must carry every control, and nothing that the service writes: ${jsonencode(output.metadata)}"
  }
  assert {
    condition     = google_workbench_instance.this.gce_setup[0].metadata == tomap(output.metadata)
    error_message = "The metadata must reach the notebook."
  }
  assert {
    condition     = google_workbench_instance.this.gce_setup[0].disable_public_ip
    error_message = "A notebook never has an external IP."
  }
  assert {
    condition = (
      google_workbench_instance.this.gce_setup[0].shielded_instance_config[0].enable_secure_boot
      && google_workbench_instance.this.gce_setup[0].shielded_instance_config[0].enable_vtpm
      && google_workbench_instance.this.gce_setup[0].shielded_instance_config[0].enable_integrity_monitoring
    )
    error_message = "Secure Boot, vTPM and integrity monitoring must be on."
  }
  assert {
    condition     = google_workbench_instance.this.instance_owners == tolist(["ana@example.com"])
    error_message = "One person opens JupyterLab."
  }
  assert {
    condition     = google_workbench_instance.this.enable_deletion_protection && google_workbench_instance.this.deletion_policy == "PREVENT"
    error_message = "Neither the API nor Terraform may delete it."
  }
}

run "the_least_roles" {
  command = plan
  assert {
    condition     = toset([for grant in google_project_iam_member.project : grant.role]) == toset(["roles/artifactregistry.reader", "roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "Roles on the project must be these three."
  }
  assert {
    condition = alltrue([
      for grant in concat(values(google_project_iam_member.project), google_project_iam_member.own_instance, google_storage_bucket_iam_member.script) :
      grant.member == "serviceAccount:nb-ana-research@project.iam.gserviceaccount.com"
    ])
    error_message = "A plan tells who is granted what, before the account is there."
  }
  assert {
    condition     = google_project_iam_member.own_instance[0].condition[0].expression == "resource.name == \"projects/project/zones/europe-west1-b/instances/ana-research\""
    error_message = "It may read its own VM only."
  }
  assert {
    condition     = google_storage_bucket_iam_member.script[0].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.script[0].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/scripts/objects/post-startup/ana-research/\")"
    error_message = "It may read its own scripts only."
  }
  assert {
    condition     = google_service_account_iam_member.owner[0].member == "user:ana@example.com" && google_service_account_iam_member.owner[0].role == "roles/iam.serviceAccountUser"
    error_message = "The owner must be able to act as the VM's account, or the proxy lets nobody in."
  }
  assert {
    condition     = google_service_account.this[0].account_id == "nb-ana-research"
    error_message = "The account bears the notebook's name."
  }
  assert {
    condition     = google_service_account_iam_member.owner[0].service_account_id == "projects/project/serviceAccounts/nb-ana-research@project.iam.gserviceaccount.com"
    error_message = "A plan must show whose account the owner may act as."
  }
}

run "exemptions_switch_off_what_they_name" {
  command = plan
  variables {
    exemptions = [
      { control = "idle-timeout-seconds", reason = "It trains for days on end." },
      { control = "notebook-disable-terminal", reason = "The tool chain is driven from a shell." },
      { control = "secure-boot", reason = "The driver is not signed yet." },
    ]
    idle_timeout_seconds = null
  }
  assert {
    condition     = !contains(keys(output.metadata), "idle-timeout-seconds")
    error_message = "No idle shutdown means no key: the API knows no other word for never."
  }
  assert {
    condition = (
      output.metadata["notebook-disable-terminal"] == "false"
      && output.metadata["notebook-disable-root"] == "true"
      && output.metadata["notebook-disable-downloads"] == "true"
      && output.metadata["notebook-disable-nbconvert"] == "true"
    )
    error_message = "Only what is exempted may be off."
  }
  assert {
    condition     = !google_workbench_instance.this.gce_setup[0].shielded_instance_config[0].enable_secure_boot && google_workbench_instance.this.gce_setup[0].shielded_instance_config[0].enable_vtpm
    error_message = "Only Secure Boot may be off."
  }
}

run "gpu_and_key" {
  command = plan
  variables {
    profile = {
      machine_type = "n1-standard-8"
      gpu          = { type = "NVIDIA_TESLA_T4" }
      data_disk    = { size_gb = 200 }
      image        = { name = "workbench-instances-2603-v20260712" }
    }
    kms_key = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
  }
  assert {
    condition     = google_workbench_instance.this.gce_setup[0].accelerator_configs[0].core_count == "1" && output.metadata["install-nvidia-driver"] == "true"
    error_message = "A GPU needs its driver."
  }
  assert {
    condition = alltrue([
      for disk in [google_workbench_instance.this.gce_setup[0].boot_disk[0], google_workbench_instance.this.gce_setup[0].data_disks[0]] :
      disk.disk_encryption == "CMEK" && disk.kms_key == var.kms_key
    ])
    error_message = "Both disks must be encrypted with the key."
  }
  assert {
    condition     = google_workbench_instance.this.gce_setup[0].vm_image[0].family == null && google_workbench_instance.this.gce_setup[0].vm_image[0].name == "workbench-instances-2603-v20260712"
    error_message = "An image by name takes the family's place."
  }
}

run "container" {
  command = plan
  variables {
    profile = { machine_type = "e2-standard-4", container = { repository = "europe-west1-docker.pkg.dev/acme/notebooks/base" } }
  }
  assert {
    condition     = google_workbench_instance.this.gce_setup[0].container_image[0].tag == "latest" && length(google_workbench_instance.this.gce_setup[0].container_image) == 1
    error_message = "The container must be used."
  }
}

run "long_names_have_short_accounts" {
  command = plan
  variables {
    name = "a-name-of-forty-eight-letters-which-is-the-limit"
  }
  assert {
    condition     = length(google_service_account.this[0].account_id) == 30 && startswith(google_service_account.this[0].account_id, "nb-a-name-of-forty-")
    error_message = "Google takes 30 characters: ${google_service_account.this[0].account_id}"
  }
}

run "short_names_have_longer_accounts" {
  command = plan
  variables {
    name = "a"
  }
  assert {
    condition     = length(google_service_account.this[0].account_id) >= 6
    error_message = "Google takes no fewer than 6 characters: ${google_service_account.this[0].account_id}"
  }
}

run "no_script_no_grant" {
  command = plan
  variables {
    post_startup_script = null
  }
  assert {
    condition     = length(google_storage_bucket_iam_member.script) == 0 && !contains(keys(output.metadata), "post-startup-script")
    error_message = "Without a script there is nothing to read."
  }
}

run "a_public_ip_cannot_be_had" {
  command = plan
  variables {
    disable_public_ip = false
  }
  expect_failures = [var.disable_public_ip]
}

run "not_even_with_an_exemption" {
  command = plan
  variables {
    exemptions = [{ control = "disable-public-ip", reason = "The board would like to look in." }]
  }
  expect_failures = [var.exemptions]
}

run "an_exemption_needs_a_reason" {
  command = plan
  variables {
    exemptions = [{ control = "secure-boot", reason = "because" }]
  }
  expect_failures = [var.exemptions]
}

run "idle_shutdown_cannot_be_left_out" {
  command = plan
  variables {
    idle_timeout_seconds = null
  }
  expect_failures = [var.idle_timeout_seconds]
}

run "idle_shutdown_cannot_be_zero" {
  command = plan
  variables {
    idle_timeout_seconds = 0
  }
  expect_failures = [var.idle_timeout_seconds]
}

run "a_protected_key" {
  command = plan
  variables {
    additional_metadata = { proxy-mode = "service_account" }
  }
  expect_failures = [var.additional_metadata]
}

run "a_key_that_has_a_variable" {
  command = plan
  variables {
    additional_metadata = { notebook-disable-root = "false" }
  }
  expect_failures = [var.additional_metadata]
}

run "a_key_that_runs_code" {
  command = plan
  variables {
    additional_metadata = { startup-script = "curl example.com | sh" }
  }
  expect_failures = [var.additional_metadata]
}

run "a_key_that_nobody_knows" {
  command = plan
  variables {
    additional_metadata = { google-c2d-startup-enable = "0" }
  }
  expect_failures = [var.additional_metadata]
}

run "a_group_as_owner" {
  command = plan
  variables {
    owner = "group:team@example.com"
  }
  expect_failures = [var.owner]
}

run "a_script_that_can_change" {
  command = plan
  variables {
    post_startup_script = { bucket = "scripts", object = "latest.sh" }
  }
  expect_failures = [var.post_startup_script]
}

run "a_behaviour_that_is_none" {
  command = plan
  variables {
    post_startup_script = {
      bucket   = "scripts"
      object   = "post-startup/ana-research/6ae8a75555209fd6c44157c0aed8016e763ff435a19cf186f76863140143ff72.sh"
      behavior = "sometimes"
    }
  }
  expect_failures = [var.post_startup_script]
}

run "gpu_on_e2" {
  command = plan
  variables {
    profile = { machine_type = "e2-standard-4", gpu = { type = "NVIDIA_TESLA_T4" }, image = { family = "f" } }
  }
  expect_failures = [var.profile]
}

run "gpu_in_a_confidential_vm" {
  command = plan
  variables {
    profile = { machine_type = "n2d-standard-8", gpu = { type = "NVIDIA_TESLA_T4" }, confidential_compute = "SEV", image = { family = "f" } }
  }
  expect_failures = [var.profile]
}

run "confidential_computing_that_workbench_lacks" {
  command = plan
  variables {
    profile = { machine_type = "n2d-standard-8", confidential_compute = "TDX", image = { family = "f" } }
  }
  expect_failures = [var.profile]
}

run "image_and_container" {
  command = plan
  variables {
    profile = { machine_type = "e2-standard-4", image = { family = "f" }, container = { repository = "pkg.dev/p/r/i" } }
  }
  expect_failures = [var.profile]
}

run "image_by_family_and_name" {
  command = plan
  variables {
    profile = { machine_type = "e2-standard-4", image = { family = "f", name = "n" } }
  }
  expect_failures = [var.profile]
}

run "a_disk_of_no_size" {
  command = plan
  variables {
    profile = { machine_type = "e2-standard-4", image = { family = "f" }, data_disk = { size_gb = 0 } }
  }
  expect_failures = [var.profile]
}

run "a_key_with_a_version" {
  command = plan
  variables {
    kms_key = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
  }
  expect_failures = [var.kms_key]
}

run "a_region_for_a_zone" {
  command = plan
  variables {
    zone = "europe-west1"
  }
  expect_failures = [var.zone]
}

run "a_name_that_is_too_long_for_its_disk" {
  command = plan
  variables {
    name = "a-name-of-forty-nine-letters-is-over-the-limit-so"
  }
  expect_failures = [var.name]
}

run "no_snapshots_unless_asked_for" {
  command = plan
  assert {
    condition     = length(google_compute_resource_policy.data_disk) == 0
    error_message = "Snapshots cost money; somebody has to want them."
  }
}

run "daily_snapshots_of_the_data_disk" {
  command = apply
  variables {
    data_disk_snapshots = { hour = 4, keep_days = 30 }
  }
  assert {
    condition = (
      google_compute_resource_policy.data_disk[0].region == "europe-west1"
      && google_compute_resource_policy.data_disk[0].snapshot_schedule_policy[0].schedule[0].daily_schedule[0].start_time == "04:00"
      && google_compute_resource_policy.data_disk[0].snapshot_schedule_policy[0].retention_policy[0].max_retention_days == 30
      && google_compute_resource_policy.data_disk[0].snapshot_schedule_policy[0].retention_policy[0].on_source_disk_delete == "KEEP_AUTO_SNAPSHOTS"
    )
    error_message = "The schedule must be the one asked for."
  }
  assert {
    condition = (
      google_compute_disk_resource_policy_attachment.data_disk[0].disk == "${var.name}-data-workspace"
      && google_compute_disk_resource_policy_attachment.data_disk[0].name == google_compute_resource_policy.data_disk[0].name
    )
    error_message = "The schedule must be on the data disk."
  }
}

run "snapshots_at_an_hour_of_the_day" {
  command = plan
  variables {
    data_disk_snapshots = { hour = 24 }
  }
  expect_failures = [var.data_disk_snapshots]
}

run "costs_are_told_apart_by_owner" {
  command = plan
  variables {
    owner  = "Ana.B+test@Example.com"
    labels = { environment = "test" }
  }
  assert {
    condition     = output.labels == { owner = "ana_b_test_example_com", environment = "test" }
    error_message = "The owner must be a legal label: ${jsonencode(output.labels)}"
  }
}

run "managed_end_user_credentials" {
  command = plan
  variables {
    managed_euc         = true
    post_startup_script = null
  }
  assert {
    condition = (
      google_workbench_instance.this.enable_managed_euc
      && length(google_service_account.this) == 0
      && length(google_project_iam_member.project) == 0
      && length(google_project_iam_member.own_instance) == 0
      && length(google_service_account_iam_member.owner) == 0
    )
    error_message = "Google chooses the VM's account, and refuses another."
  }
  assert {
    condition     = length(setintersection(keys(output.metadata), ["block-project-ssh-keys", "serial-port-enable", "post-startup-script"])) == 0
    error_message = "What Workbench sets itself is left to it: ${jsonencode(output.metadata)}"
  }
  assert {
    condition     = output.metadata["notebook-disable-root"] == "true"
    error_message = "The hardening keys stay."
  }
}

run "managed_end_user_credentials_with_a_script" {
  command = plan
  variables {
    managed_euc = true
  }
  expect_failures = [var.managed_euc]
}

run "a_predefined_role_for_the_vm" {
  command = plan
  variables {
    vm_role = "roles/compute.viewer"
  }
  expect_failures = [var.vm_role]
}
