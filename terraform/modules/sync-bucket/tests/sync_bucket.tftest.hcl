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

run "a_person_may_not_write" {
  command = plan
  variables {
    writer = "ana@example.com"
  }
  expect_failures = [var.writer]
}
