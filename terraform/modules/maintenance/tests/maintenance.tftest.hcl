mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "nbp-mock@project.iam.gserviceaccount.com"
      member = "serviceAccount:nbp-mock@project.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/project/roles/nbp_research_prune" }
  }
}

variables {
  project_id = "project"
  fleet_name = "research"
  location   = "europe-west1"
  image      = "europe-west1-docker.pkg.dev/project/nbp/prune@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  fleet_file = { bucket = "fleet" }
  lease      = { bucket = "leases" }
}

run "the_job_holds_what_it_calls" {
  command = apply
  assert {
    condition = google_project_iam_custom_role.prune.permissions == toset([
      "compute.globalOperations.get", "compute.snapshots.delete", "compute.snapshots.get", "compute.snapshots.list",
      "compute.snapshots.setLabels", "notebooks.instances.get", "notebooks.instances.list",
    ])
    error_message = "The role must hold exactly what the command calls."
  }
  assert {
    condition     = google_storage_bucket_iam_member.lease.condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/leases/objects/leases/snapshots-prune\")"
    error_message = "It may write its lease only."
  }
  assert {
    condition     = google_cloud_run_v2_job_iam_member.scheduler.role == "roles/run.invoker"
    error_message = "The timer may start the job, and nothing else."
  }
}

run "the_timer_starts_the_job" {
  command = apply
  variables {
    shards = 4
  }
  assert {
    condition     = google_cloud_scheduler_job.prune.http_target[0].uri == "https://run.googleapis.com/v2/projects/project/locations/europe-west1/jobs/nbp-research-prune:run"
    error_message = "The timer must call the job."
  }
  assert {
    condition     = google_cloud_run_v2_job.prune.template[0].task_count == 4
    error_message = "A shard must be a task."
  }
  assert {
    condition = google_cloud_run_v2_job.prune.template[0].template[0].containers[0].args == tolist([
      "snapshots", "prune", "--due", "--yes", "--fleet", "/fleet/fleet.yaml", "--lease", "gs://leases/leases/snapshots-prune",
    ])
    error_message = "The job must run the command."
  }
}

run "account_names_fit" {
  command = plan
  variables {
    fleet_name = "a-fleet-with-a-very-long-name-indeed-yes"
  }
  assert {
    condition     = length(google_service_account.prune.account_id) <= 30 && length(google_service_account.scheduler.account_id) <= 30
    error_message = "Google takes 30 characters."
  }
}

run "what_deletes_is_pinned" {
  command = plan
  variables {
    image = "europe-west1-docker.pkg.dev/project/nbp/prune:latest"
  }
  expect_failures = [var.image]
}

run "a_schedule_has_five_fields" {
  command = plan
  variables {
    schedule = "daily"
  }
  expect_failures = [var.schedule]
}

run "no_more_tasks_than_a_job_has" {
  command = plan
  variables {
    shards = 0
  }
  expect_failures = [var.shards]
}
