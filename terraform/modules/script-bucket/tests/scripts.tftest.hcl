mock_provider "google" {}

variables {
  project_id = "project"
  name       = "project-fleet-scripts"
  location   = "europe-west1"
  scripts    = { ana = "#!/bin/bash\necho ana\n" }
}

run "a_script_is_named_by_its_content" {
  command = plan
  assert {
    condition     = output.scripts["ana"].object == "post-startup/ana/${sha256("#!/bin/bash\necho ana\n")}.sh"
    error_message = "The object's name must hold the hash: ${jsonencode(output.scripts)}"
  }
  assert {
    condition     = google_storage_bucket_object.script["ana"].content == "#!/bin/bash\necho ana\n"
    error_message = "The script must be uploaded as it was rendered."
  }
  assert {
    condition     = google_storage_bucket_object.script["ana"].deletion_policy == "ABANDON"
    error_message = "A script that was replaced must stay for a rollback."
  }
}

run "what_is_no_script" {
  command = plan
  variables {
    scripts = { ana = "echo ana" }
  }
  expect_failures = [var.scripts]
}
