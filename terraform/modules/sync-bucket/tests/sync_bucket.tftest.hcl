mock_provider "google" {}

variables {
  project_id = "project"
  name       = "project-fleet-ana-sync"
  location   = "europe-west1"
  writer     = "nb-ana@project.iam.gserviceaccount.com"
}

run "one_notebook_writes" {
  command = plan
  assert {
    condition = (
      google_storage_bucket_iam_member.writer.member == "serviceAccount:nb-ana@project.iam.gserviceaccount.com"
      && google_storage_bucket_iam_member.writer.role == "roles/storage.objectUser"
      && google_storage_bucket_iam_member.writer.bucket == "project-fleet-ana-sync"
    )
    error_message = "The notebook's own account must reach its own bucket's objects, and no more."
  }
}

run "google_s_agent_of_many_notebooks_may_not_write" {
  command = plan
  variables {
    writer = "service-123@gcp-sa-notebooks-vm.iam.gserviceaccount.com"
  }
  expect_failures = [var.writer]
}

run "a_notebook_of_another_project_may_not_write" {
  command = plan
  variables {
    writer = "nb-ana@another-project.iam.gserviceaccount.com"
  }
  expect_failures = [var.writer]
}

run "a_person_may_not_write" {
  command = plan
  variables {
    writer = "ana@example.com"
  }
  expect_failures = [var.writer]
}
