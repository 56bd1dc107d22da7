mock_provider "google" {}

variables {
  project_id = "project"
}

run "what_every_fleet_needs" {
  command = plan
  assert {
    condition     = contains(keys(google_project_service.this), "notebooks.googleapis.com") && !contains(keys(google_project_service.this), "run.googleapis.com")
    error_message = "Notebooks are always needed; what runs jobs is not."
  }
  assert {
    condition     = alltrue([for service in google_project_service.this : !service.disable_on_destroy])
    error_message = "A destroy must not take an API from others."
  }
}

run "what_a_feature_needs" {
  command = plan
  variables {
    features = ["maintenance", "budget"]
  }
  assert {
    condition     = length(setsubtract(["run.googleapis.com", "cloudscheduler.googleapis.com", "billingbudgets.googleapis.com"], keys(google_project_service.this))) == 0
    error_message = "A feature brings its APIs."
  }
}

run "no_feature_that_is_not_known" {
  command = plan
  variables {
    features = ["mainframe"]
  }
  expect_failures = [var.features]
}
