mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "nbp-mock@project.iam.gserviceaccount.com"
      member = "serviceAccount:nbp-mock@project.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/project/roles/nbp_research_mock" }
  }
}

variables {
  project_id = "project"
  fleet_name = "research"
  location   = "europe-west1"
  bucket     = "project-research-operations"
  image      = "europe-west1-docker.pkg.dev/project/nbp/nbp@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  fleet_file = "version: 1"
  jobs = {
    prune   = { schedule = "30 3 * * *", time_zone = "Europe/Amsterdam", tasks = 4 }
    upgrade = { schedule = "0 * * * *" }
  }
}

run "a_job_holds_what_it_calls" {
  command = apply
  assert {
    condition = google_project_iam_custom_role.job["prune"].permissions == toset([
      "compute.globalOperations.get", "compute.snapshots.delete", "compute.snapshots.get", "compute.snapshots.list",
      "compute.snapshots.setLabels", "notebooks.instances.get", "notebooks.instances.list",
    ])
    error_message = "The clean-up must hold exactly what the command calls."
  }
  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.job["upgrade"].permissions : startswith(permission, "notebooks.") || can(regex("\\.(get|list|getGuestAttributes|getSerialPortOutput)$", permission))])
    error_message = "The upgrade run changes nothing but notebooks."
  }
  assert {
    condition     = alltrue([for member in google_cloud_run_v2_job_iam_member.timer : member.role == "roles/run.invoker"])
    error_message = "The timer may start the jobs, and nothing else."
  }
}

run "a_job_writes_its_own_runs_alone" {
  command = apply
  assert {
    condition     = google_storage_bucket_iam_member.writer["prune"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/project-research-operations/objects/leases/snapshots-prune\")"
    error_message = "The clean-up may write its lease only: ${google_storage_bucket_iam_member.writer["prune"].condition[0].expression}"
  }
  assert {
    condition     = alltrue([for member in google_storage_bucket_iam_member.writer : !strcontains(member.condition[0].expression, "/objects/\")") && !strcontains(member.condition[0].expression, "fleet.yaml")])
    error_message = "No job may write the fleet file."
  }
}

run "the_timer_starts_the_job" {
  command = apply
  assert {
    condition     = google_cloud_scheduler_job.this["prune"].http_target[0].uri == "https://run.googleapis.com/v2/projects/project/locations/europe-west1/jobs/nbp-research-prune:run"
    error_message = "The timer must call the job."
  }
  assert {
    condition     = google_cloud_scheduler_job.this["prune"].time_zone == "Europe/Amsterdam" && google_cloud_scheduler_job.this["upgrade"].time_zone == "Etc/UTC"
    error_message = "The schedule is in the zone that was given."
  }
  assert {
    condition     = google_cloud_run_v2_job.this["prune"].template[0].task_count == 4 && google_cloud_run_v2_job.this["prune"].template[0].parallelism == 1
    error_message = "A part must be a task, and tasks of one fleet take turns."
  }
  assert {
    condition = google_cloud_run_v2_job.this["prune"].template[0].template[0].containers[0].args == tolist([
      "snapshots", "prune", "--due", "--yes", "--fleet", "/fleet/fleet.yaml", "--target", "google",
    ])
    error_message = "The job must run the command."
  }
  assert {
    condition     = output.jobs == { prune = "nbp-research-prune", upgrade = "nbp-research-upgrade" }
    error_message = "Alerts look for these names."
  }
}

run "the_fleets_key_encrypts_jobs_too" {
  command = plan
  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/notebooks/cryptoKeys/notebooks"
  }
  assert {
    condition     = alltrue([for job in google_cloud_run_v2_job.this : job.template[0].template[0].encryption_key == var.kms_key])
    error_message = "Images must be under the key that the bucket is under."
  }
}

run "one_job_alone" {
  command = plan
  variables {
    jobs = { prune = { schedule = "30 3 * * *" } }
  }
  assert {
    condition     = length(google_cloud_run_v2_job.this) == 1 && length(google_service_account.job) == 1
    error_message = "A job that was not asked for must not be there."
  }
}

run "account_names_fit" {
  command = plan
  variables {
    fleet_name = "a-fleet-with-a-very-long-name-indeed-yes"
  }
  assert {
    condition     = alltrue([for account in [google_service_account.job["upgrade"], google_service_account.timer[0]] : length(account.account_id) <= 30])
    error_message = "Google takes 30 characters."
  }
}

run "what_deletes_is_pinned" {
  command = plan
  variables {
    image = "europe-west1-docker.pkg.dev/project/nbp/nbp:latest"
  }
  expect_failures = [var.image]
}

run "no_job_that_is_not_known" {
  command = plan
  variables {
    jobs = { defragment = { schedule = "30 3 * * *" } }
  }
  expect_failures = [var.jobs]
}

run "a_schedule_has_five_fields" {
  command = plan
  variables {
    jobs = { prune = { schedule = "daily" } }
  }
  expect_failures = [var.jobs]
}

run "no_more_tasks_than_a_job_has" {
  command = plan
  variables {
    jobs = { prune = { schedule = "30 3 * * *", tasks = 0 } }
  }
  expect_failures = [var.jobs]
}

run "one_job_for_many_fleets" {
  command = apply
  variables {
    jobs = {
      prune   = { schedule = "30 3 * * *", tasks = 3, served_files = ["gs://vision-operations/fleet.yaml", "gs://speech-operations/fleet.yaml"] }
      upgrade = { schedule = "0 * * * *" }
    }
  }
  assert {
    condition = google_cloud_run_v2_job.this["prune"].template[0].template[0].containers[0].args == tolist([
      "snapshots", "prune", "--due", "--yes", "--fleet", "/fleet/fleet.yaml", "--target", "google",
      "--fleet", "gs://vision-operations/fleet.yaml", "--fleet", "gs://speech-operations/fleet.yaml",
    ])
    error_message = "The job must be told of every fleet."
  }
  assert {
    condition     = google_cloud_run_v2_job.this["prune"].template[0].task_count == 3 && google_cloud_run_v2_job.this["prune"].template[0].parallelism == 3
    error_message = "Tasks of several fleets must run side by side."
  }
  assert {
    condition     = google_cloud_run_v2_job.this["upgrade"].template[0].template[0].containers[0].args == tolist(["upgrade", "run", "--due", "--yes", "--fleet", "/fleet/fleet.yaml", "--target", "google"])
    error_message = "The other job must serve its own fleet alone."
  }
  assert {
    condition     = toset([for member in google_project_iam_member.job : member.project]) == toset(["project"])
    error_message = "Nothing may be granted in the projects of others: they grant it themselves."
  }
}

run "served_by_the_job_of_another_project" {
  command = apply
  variables {
    image     = null
    jobs      = {}
    served_by = { project = "platform-project", fleet = "platform", jobs = ["prune"] }
  }
  assert {
    condition     = google_project_iam_member.job["prune"].member == "serviceAccount:nbp-platform-prune@platform-project.iam.gserviceaccount.com" && length(google_project_iam_member.job) == 1
    error_message = "The other fleet's account must hold the job's role, and no other job's."
  }
  assert {
    condition     = google_project_iam_custom_role.job["prune"].project == "project" && google_project_iam_custom_role.job["prune"].role_id == "nbp_research_prune" && length(google_project_iam_custom_role.job["prune"].permissions) == 7
    error_message = "The role must be this project's own, and hold what the job calls."
  }
  assert {
    condition     = google_storage_bucket_iam_member.writer["prune"].member == google_project_iam_member.job["prune"].member && google_storage_bucket_iam_member.writer["prune"].condition[0].expression == "resource.name.startsWith(\"projects/_/buckets/project-research-operations/objects/leases/snapshots-prune\")"
    error_message = "The lease must be here, for people and the job alike."
  }
  assert {
    condition     = google_storage_bucket_iam_member.reader["prune"].member == google_project_iam_member.job["prune"].member && google_storage_bucket_object.fleet_file.content == "version: 1"
    error_message = "The job must read the file that was applied here."
  }
  assert {
    condition     = length(google_cloud_run_v2_job.this) + length(google_cloud_scheduler_job.this) + length(google_service_account.job) + length(google_service_account.timer) == 0
    error_message = "There must be no job, timer or account here."
  }
  assert {
    condition     = output.service_accounts == { prune = "nbp-platform-prune@platform-project.iam.gserviceaccount.com" }
    error_message = "Alerts must know who is at work here."
  }
}

run "an_account_is_found_by_the_name_that_it_was_given" {
  command = plan
  variables {
    fleet_name = "a-fleet-with-a-very-long-name"
    jobs       = { upgrade = { schedule = "0 * * * *" } }
    served_by  = { project = "platform-project", fleet = "a-fleet-with-a-very-long-name", jobs = ["prune"] }
  }
  assert {
    condition     = trimsuffix(google_service_account.job["upgrade"].account_id, "-upgrade") == trimsuffix(local._accounts["prune"], "-prune@platform-project.iam.gserviceaccount.com")
    error_message = "A served fleet must shorten the name as the serving one does."
  }
}

run "a_job_has_an_image" {
  command = plan
  variables {
    image = null
  }
  expect_failures = [var.image]
}

run "served_by_jobs_that_are_known" {
  command = plan
  variables {
    served_by = { project = "platform-project", fleet = "platform", jobs = ["defragment"] }
  }
  expect_failures = [var.served_by]
}

run "nobody_does_the_same_work_twice" {
  command = plan
  variables {
    served_by = { project = "platform-project", fleet = "platform", jobs = ["prune"] }
  }
  expect_failures = [var.served_by]
}
