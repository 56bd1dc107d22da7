mock_provider "google" {}

variables {
  parent   = "folders/123"
  networks = ["projects/host/global/networks/shared"]
  regions  = ["europe-west4"]
}

run "a_dry_run_unless_told_otherwise" {
  command = plan
  assert {
    condition     = alltrue([for policy in google_org_policy_policy.this : length(policy.spec) == 0 && length(policy.dry_run_spec) == 1])
    error_message = "Nothing may be refused yet."
  }
  assert {
    condition     = google_org_policy_policy.this["gcp.resourceLocations"].dry_run_spec[0].rules[0].values[0].allowed_values == tolist(["in:europe-west4-locations"])
    error_message = "The regions must be a value group."
  }
}

run "enforced" {
  command = plan
  variables {
    mode = "enforced"
  }
  assert {
    condition = (
      google_org_policy_policy.this["ainotebooks.restrictPublicIp"].spec[0].rules[0].enforce == "TRUE"
      && google_org_policy_policy.this["compute.vmExternalIpAccess"].spec[0].rules[0].deny_all == "TRUE"
      && google_org_policy_policy.this["ainotebooks.accessMode"].spec[0].rules[0].values[0].allowed_values == tolist(["single-user"])
      && google_org_policy_policy.this["ainotebooks.restrictPublicIp"].name == "folders/123/policies/ainotebooks.restrictPublicIp"
    )
    error_message = "Each kind of constraint must get its kind of rule."
  }
}

run "lists_that_nobody_filled_are_left_open" {
  command = plan
  assert {
    condition     = !contains(keys(output.policies), "ainotebooks.environmentOptions") && contains(keys(output.policies), "ainotebooks.restrictVpcNetworks")
    error_message = "An empty list would forbid everything."
  }
  assert {
    condition     = !contains(keys(output.policies), "gcp.restrictNonCmekServices")
    error_message = "No service needs a key until it is named."
  }
  assert {
    condition     = !contains(keys(output.policies), "ainotebooks.requireAutoUpgradeSchedule") && output.policies["ainotebooks.disableRootAccess"] == "notebook-disable-root"
    error_message = "What is left out by default must be; the rest names its control."
  }
}

run "all_eight_of_workbench" {
  command = plan
  variables {
    left_out = {}
    images   = ["ainotebooks-vm/cloud-notebooks-managed/image-family/workbench-instances-2603"]
  }
  assert {
    condition     = length([for constraint in keys(output.policies) : constraint if startswith(constraint, "ainotebooks.")]) == 8
    error_message = "All eight must be there when nothing is left out."
  }
}

run "images_in_their_own_format" {
  command = plan
  variables {
    images = ["workbench-instances-2603"]
  }
  expect_failures = [var.images]
}

run "only_what_is_known_is_left_out" {
  command = plan
  variables {
    left_out = { "compute.whatever" = "It is in the way." }
  }
  expect_failures = [var.left_out]
}

run "nothing_is_left_out_without_a_reason" {
  command = plan
  variables {
    left_out = { "ainotebooks.requireAutoUpgradeSchedule" = "no" }
  }
  expect_failures = [var.left_out]
}

run "a_mode_that_exists" {
  command = plan
  variables {
    mode = "audit"
  }
  expect_failures = [var.mode]
}

run "networks_by_their_path" {
  command = plan
  variables {
    networks = ["shared"]
  }
  expect_failures = [var.networks]
}

run "a_parent_that_exists" {
  command = plan
  variables {
    parent = "123"
  }
  expect_failures = [var.parent]
}

run "regions_and_not_zones" {
  command = plan
  variables {
    regions = ["europe-west4-a"]
  }
  expect_failures = [var.regions]
}

run "what_has_no_dry_run_is_skipped_and_named" {
  command = plan
  variables {
    without_dry_run = ["compute.requireOsLogin", "ainotebooks.environmentOptions"]
  }
  assert {
    condition     = output.skipped == tolist(["compute.requireOsLogin"]) && !contains(keys(google_org_policy_policy.this), "compute.requireOsLogin")
    error_message = "Google refuses the dry run; of what would be set, the rest must be."
  }
  assert {
    condition     = contains(keys(google_org_policy_policy.this), "compute.requireShieldedVm")
    error_message = "What may have a dry run must be tried."
  }
}

run "what_has_no_dry_run_is_enforced" {
  command = plan
  variables {
    mode            = "enforced"
    without_dry_run = ["compute.requireOsLogin"]
  }
  assert {
    condition     = length(output.skipped) == 0 && google_org_policy_policy.this["compute.requireOsLogin"].spec[0].rules[0].enforce == "TRUE"
    error_message = "Only a dry run leaves it out."
  }
}

run "services_that_need_a_key" {
  command = plan
  variables {
    cmek_services = ["compute.googleapis.com", "storage.googleapis.com"]
  }
  assert {
    condition     = google_org_policy_policy.this["gcp.restrictNonCmekServices"].dry_run_spec[0].rules[0].values[0].denied_values == tolist(["compute.googleapis.com", "storage.googleapis.com"])
    error_message = "The services must be denied what has no key."
  }
}

run "services_by_short_name" {
  command = plan
  variables {
    cmek_services = ["compute"]
  }
  expect_failures = [var.cmek_services]
}

run "only_what_is_known_has_no_dry_run" {
  command = plan
  variables {
    without_dry_run = ["compute.whatever"]
  }
  expect_failures = [var.without_dry_run]
}
