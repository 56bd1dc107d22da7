mock_provider "google" {}

variables {
  project_id = "project"
  name       = "project-fleet-notebook-sync"
  location   = "europe-west1"
}

run "private_by_default" {
  command = plan
  assert {
    condition = (
      google_storage_bucket.this.public_access_prevention == "enforced"
      && google_storage_bucket.this.uniform_bucket_level_access
      && google_storage_bucket.this.versioning[0].enabled
      && !google_storage_bucket.this.force_destroy
    )
    error_message = "A bucket must be private, uniform, versioned, and kept."
  }
  assert {
    condition     = google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 2592000
    error_message = "What is deleted must be restorable for 30 days."
  }
  assert {
    condition = anytrue([
      for rule in google_storage_bucket.this.lifecycle_rule :
      one(rule.action).type == "Delete" && one(rule.condition).with_state == "ARCHIVED" && one(rule.condition).days_since_noncurrent_time == 30
    ])
    error_message = "Older versions go after 30 days, live ones never."
  }
  assert {
    condition     = length(google_storage_bucket.this.encryption) == 0 && length(google_storage_bucket.this.retention_policy) == 0
    error_message = "No key and no retention unless asked for."
  }
}

run "with_everything" {
  command = plan
  variables {
    kms_key           = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    retention_days    = 7
    access_log_bucket = "logs"
  }
  assert {
    condition = (
      google_storage_bucket.this.encryption[0].default_kms_key_name == var.kms_key
      && tonumber(google_storage_bucket.this.retention_policy[0].retention_period) == 604800
      && google_storage_bucket.this.logging[0].log_bucket == "logs"
    )
    error_message = "Key, retention and usage logs must be set."
  }
}

run "versions_that_go_too_soon" {
  command = plan
  variables {
    noncurrent_days = 1
  }
  expect_failures = [var.noncurrent_days]
}

run "soft_delete_that_is_off" {
  command = plan
  variables {
    soft_delete_days = 0
  }
  expect_failures = [var.soft_delete_days]
}

run "retention_of_no_time" {
  command = plan
  variables {
    retention_days = 0
  }
  expect_failures = [var.retention_days]
}

run "names_that_google_keeps" {
  command = plan
  variables {
    name = "google-notebooks"
  }
  expect_failures = [var.name]
}

run "names_that_are_too_long" {
  command = plan
  variables {
    name = "a-name-of-sixty-four-characters-which-is-one-more-than-it-may-be"
  }
  expect_failures = [var.name]
}
