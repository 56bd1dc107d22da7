mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123" }
  }
  mock_data "google_compute_subnetwork" {
    defaults = {
      network                  = "projects/host-project/global/networks/shared"
      private_ip_google_access = true
    }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { email_address = "service-123@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/project/roles/nbp_mock_vm" }
  }
  mock_resource "google_service_account" {
    defaults = {
      email  = "nb-mock@project.iam.gserviceaccount.com"
      member = "serviceAccount:nb-mock@project.iam.gserviceaccount.com"
      name   = "projects/project/serviceAccounts/nb-mock@project.iam.gserviceaccount.com"
    }
  }
}

run "everything_made_here" {
  variables {
    fleet_file         = "tests/fleets/created.yaml"
    rendered_directory = "tests/rendered"
  }
  assert {
    condition     = toset(keys(output.notebooks)) == toset(["ana", "ben"]) && toset(keys(output.resolved_notebooks)) == toset(["ana", "ben"])
    error_message = "Both notebooks must be there."
  }
  assert {
    condition     = output.buckets.scripts == "created-project-created-scripts" && output.buckets.sync == { ben = "created-project-created-ben-sync" }
    error_message = "One script bucket, and a sync bucket for who syncs: ${jsonencode(output.buckets)}"
  }
  assert {
    condition     = length(module.network) == 1 && length(module.shared_network) == 0 && length(module.encryption) == 1
    error_message = "The network and the key must be made."
  }
  assert {
    condition     = module.notebook["ana"].metadata["post-startup-script"] == "gs://created-project-created-scripts/post-startup/ana/${filesha256("tests/rendered/ana.sh")}.sh"
    error_message = "The rendered script must be what the notebook runs."
  }
  assert {
    condition     = output.perimeter.mode == "dry-run"
    error_message = "The perimeter must be a dry run."
  }
}

run "everything_there_already" {
  variables {
    fleet_file = "tests/fleets/existing.yaml"
    target     = "sandbox"
  }
  assert {
    condition = jsonencode(output.network) == jsonencode({
      network = "projects/host-project/global/networks/shared"
      subnet  = "projects/host-project/regions/europe-west4/subnetworks/notebooks"
      proxy   = null
    })
    error_message = "The shared network must be used."
  }
  assert {
    condition     = length(module.network) == 0 && length(module.encryption) == 0 && length(module.perimeter) == 0
    error_message = "Nothing that is there may be made again."
  }
  assert {
    condition     = local.kms_key == "projects/acme-keys/locations/europe-west4/keyRings/r/cryptoKeys/k"
    error_message = "The key that is there must be used."
  }
  assert {
    condition     = output.fleet.target == "sandbox" && output.perimeter == null
    error_message = "The target given must win; there is no perimeter."
  }
  assert {
    condition     = !contains(keys(module.notebook["ana"].metadata), "post-startup-script")
    error_message = "Nothing rendered, nothing run."
  }
}

run "one_job_for_many_projects" {
  command = apply
  variables {
    fleet_file = "tests/fleets/serving.yaml"
  }
  assert {
    condition     = module.fleet_file.fleet.maintenance.jobs["prune"].tasks == 4 && module.fleet_file.fleet.maintenance.jobs["upgrade"].tasks == 2
    error_message = "One task a fleet, unless the file says otherwise."
  }
  assert {
    condition = module.fleet_file.fleet.maintenance.jobs["upgrade"].served_files == [
      "gs://acme-vision-served-operations/fleet.yaml",
      "gs://acme-translation-services-0-a-fleet-with-a-very-long-n-${substr(sha256("acme-translation-services-0-a-fleet-with-a-very-long-name-operations"), 0, 8)}/fleet.yaml",
    ]
    error_message = "Each fleet's file must be looked for in its own bucket: ${jsonencode(module.fleet_file.fleet.maintenance.jobs["upgrade"].served_files)}"
  }
}

run "a_project_that_another_one_s_job_serves" {
  command = apply
  variables {
    fleet_file = "tests/fleets/served.yaml"
  }
  assert {
    condition = module.maintenance[0].service_accounts == {
      prune   = "nbp-serving-prune@acme-platform.iam.gserviceaccount.com"
      upgrade = "nbp-serving-upgrade@acme-platform.iam.gserviceaccount.com"
    }
    error_message = "The other project's accounts must be let in."
  }
  assert {
    condition     = module.maintenance[0].bucket == "acme-vision-served-operations" && length(module.maintenance[0].jobs) == 0
    error_message = "The file and the leases must be here, and no job."
  }
  assert {
    condition     = !contains(module.project.services, "run.googleapis.com") && length(module.observability) == 1
    error_message = "What no job needs must not be switched on."
  }
}
