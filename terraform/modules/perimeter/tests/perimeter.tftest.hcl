mock_provider "google" {}

variables {
  name           = "nbp_test"
  project_number = "123"
  organization   = "456"
}

run "a_dry_run_by_default" {
  command = plan
  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.use_explicit_dry_run_spec
      && length(google_access_context_manager_service_perimeter.this.spec) == 1
      && length(google_access_context_manager_service_perimeter.this.status) == 0
    )
    error_message = "A perimeter must refuse nothing until somebody says enforced."
  }
  assert {
    condition     = google_access_context_manager_access_policy.created[0].scopes == tolist(["projects/123"])
    error_message = "A policy made here must hold this project only."
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.spec[0].vpc_accessible_services[0].allowed_services == toset(["RESTRICTED-SERVICES"])
    error_message = "From inside, only protected services may be reached."
  }
  assert {
    condition = length(setsubtract(
      ["notebooks.googleapis.com", "aiplatform.googleapis.com", "artifactregistry.googleapis.com", "compute.googleapis.com", "storage.googleapis.com"],
      google_access_context_manager_service_perimeter.this.spec[0].restricted_services,
    )) == 0
    error_message = "The services that Workbench stands on must be protected."
  }
}

run "enforced_in_a_policy_that_is_there" {
  command = plan
  variables {
    mode                       = "enforced"
    organization               = null
    access_policy              = "789"
    additional_project_numbers = ["124"]
    additional_services        = ["bigtable.googleapis.com"]
    access_levels              = [{ name = "office", ip_ranges = ["203.0.113.0/24"], device_policy = {} }]
  }
  assert {
    condition = (
      !google_access_context_manager_service_perimeter.this.use_explicit_dry_run_spec
      && length(google_access_context_manager_service_perimeter.this.spec) == 0
      && length(google_access_context_manager_service_perimeter.this.status) == 1
    )
    error_message = "An enforced perimeter has a status and no dry run."
  }
  assert {
    condition     = length(google_access_context_manager_access_policy.created) == 0 && output.access_policy == "789"
    error_message = "The policy that is given must be used."
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].resources == toset(["projects/123", "projects/124"])
    error_message = "Both projects must be inside."
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].access_levels == toset(["accessPolicies/789/accessLevels/nbp_test_office"])
    error_message = "The access level must lead inside."
  }
  assert {
    condition     = contains(google_access_context_manager_service_perimeter.this.status[0].restricted_services, "bigtable.googleapis.com")
    error_message = "A service that is added must be protected."
  }
  assert {
    condition     = google_access_context_manager_access_level.this["office"].basic[0].conditions[0].device_policy[0].allowed_encryption_statuses == tolist(["ENCRYPTED"])
    error_message = "A device policy asks for an encrypted disk unless told otherwise."
  }
}

run "neither_policy_nor_organization" {
  command = plan
  variables {
    organization = null
  }
  expect_failures = [var.organization]
}

run "both_policy_and_organization" {
  command = plan
  variables {
    access_policy = "789"
  }
  expect_failures = [var.organization]
}

run "an_access_level_for_everybody" {
  command = plan
  variables {
    access_levels = [{ name = "everybody" }]
  }
  expect_failures = [var.access_levels]
}

run "an_access_level_for_every_address" {
  command = plan
  variables {
    access_levels = [{ name = "everywhere", ip_ranges = ["0.0.0.0/0"] }]
  }
  expect_failures = [var.access_levels]
}

run "an_access_level_for_every_address_in_halves" {
  command = plan
  variables {
    access_levels = [{ name = "halves", ip_ranges = ["0.0.0.0/1", "128.0.0.0/1"] }]
  }
  expect_failures = [var.access_levels]
}

run "an_access_level_for_every_ipv6_address" {
  command = plan
  variables {
    access_levels = [{ name = "six", ip_ranges = ["2000::/3"] }]
  }
  expect_failures = [var.access_levels]
}

run "as_many_addresses_as_an_access_level_takes" {
  command = plan
  variables {
    access_levels = [{ name = "list", ip_ranges = ["44.0.0.0/9", "44.128.0.0/9", "44.0.0.0/9", "2001:db8::/32"] }]
  }
  assert {
    condition     = length(google_access_context_manager_access_level.this["list"].basic[0].conditions[0].ip_subnetworks) == 4
    error_message = "A list of ranges is what an access level is for."
  }
}

run "an_access_level_of_one_address_without_a_range" {
  command = plan
  variables {
    access_levels = [{ name = "office", ip_ranges = ["203.0.113.7"] }]
  }
  expect_failures = [var.access_levels]
}

run "a_device_policy_that_asks_for_nothing" {
  command = plan
  variables {
    access_levels = [{ name = "devices", ip_ranges = ["203.0.113.0/24"], device_policy = { require_screen_lock = false, require_encryption = false } }]
  }
  expect_failures = [var.access_levels]
}

run "a_device_policy_for_devices_that_nobody_manages" {
  command = plan
  variables {
    access_levels = [{ name = "devices", device_policy = { require_screen_lock = false, require_encryption = false, management_levels = ["NONE", "BASIC"] } }]
  }
  expect_failures = [var.access_levels]
}

run "a_device_policy_that_asks_for_management" {
  command = plan
  variables {
    access_levels = [{ name = "devices", device_policy = { require_screen_lock = false, require_encryption = false, management_levels = ["COMPLETE"] } }]
  }
}

run "an_access_level_named_with_hyphens" {
  command = plan
  variables {
    access_levels = [{ name = "the-office", regions = ["NL"] }]
  }
  expect_failures = [var.access_levels]
}

run "another_project_in_a_policy_made_for_one" {
  command = plan
  variables {
    additional_project_numbers = ["124"]
  }
  expect_failures = [var.additional_project_numbers]
}

run "a_network_of_the_project_itself" {
  command = plan
  variables {
    additional_project_numbers = ["123"]
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.spec[0].resources == toset(["projects/123"])
    error_message = "The project is inside once."
  }
}

run "levels_that_somebody_else_looks_after" {
  command = plan
  variables {
    organization           = null
    access_policy          = "789"
    access_levels          = [{ name = "office", ip_ranges = ["203.0.113.0/24"] }]
    existing_access_levels = ["corporate", "administrators"]
    ingress                = [{ preset = "operators", access_levels = ["administrators"] }]
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.spec[0].access_levels == toset(["accessPolicies/789/accessLevels/corporate", "accessPolicies/789/accessLevels/nbp_test_office"])
    error_message = "An existing level must lead in under its own name."
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.spec[0].ingress_policies[0].ingress_from[0].sources[0].access_level == "accessPolicies/789/accessLevels/administrators"
    error_message = "A rule must find an existing level."
  }
  assert {
    condition     = keys(google_access_context_manager_access_level.this) == ["office"]
    error_message = "Nothing may be made of what somebody else made."
  }
}

run "existing_levels_in_a_policy_made_here" {
  command = plan
  variables {
    existing_access_levels = ["corporate"]
  }
  expect_failures = [var.existing_access_levels]
}

run "existing_levels_by_path" {
  command = plan
  variables {
    organization           = null
    access_policy          = "789"
    existing_access_levels = ["accessPolicies/789/accessLevels/corporate"]
  }
  expect_failures = [var.existing_access_levels]
}

run "an_access_level_that_exists_already" {
  command = plan
  variables {
    organization           = null
    access_policy          = "789"
    access_levels          = [{ name = "office", ip_ranges = ["203.0.113.0/24"] }]
    existing_access_levels = ["office"]
  }
  expect_failures = [var.access_levels]
}

run "an_access_level_whose_whole_name_is_too_long" {
  command = plan
  variables {
    access_levels = [{ name = "a2345678901234567890123456789012345678901x", ip_ranges = ["203.0.113.0/24"] }]
  }
  expect_failures = [var.access_levels]
}

run "access_levels_of_one_name" {
  command = plan
  variables {
    access_levels = [{ name = "office", regions = ["NL"] }, { name = "office", regions = ["BE"] }]
  }
  expect_failures = [var.access_levels]
}

run "a_perimeter_name_with_hyphens" {
  command = plan
  variables {
    name = "nbp-test"
  }
  expect_failures = [var.name]
}

run "a_mode_that_is_none" {
  command = plan
  variables {
    mode = "disabled"
  }
  expect_failures = [var.mode]
}

run "projects_by_id" {
  command = plan
  variables {
    additional_project_numbers = ["host-project"]
  }
  expect_failures = [var.additional_project_numbers]
}

run "services_by_short_name" {
  command = plan
  variables {
    additional_services = ["bigtable"]
  }
  expect_failures = [var.additional_services]
}

run "a_policy_by_path" {
  command = plan
  variables {
    organization  = null
    access_policy = "accessPolicies/789"
  }
  expect_failures = [var.access_policy]
}

run "rules_by_preset" {
  command = plan
  variables {
    mode          = "enforced"
    organization  = null
    access_policy = "789"
    access_levels = [{ name = "office", ip_ranges = ["203.0.113.0/24"] }, { name = "admins", ip_ranges = ["198.51.100.0/24"] }, { name = "audit", regions = ["NL"] }]
    ingress = [
      { preset = "workbench-users", access_levels = ["office"] },
      { preset = "operators", access_levels = ["admins"] },
      { preset = "pipeline", projects = ["321"] },
      { preset = "maintenance", projects = ["654"] },
    ]
    egress              = [{ preset = "read-data", projects = ["555", "556"] }, { preset = "image-configs" }]
    accessible_services = ["oslogin.googleapis.com"]
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].access_levels == toset(["accessPolicies/789/accessLevels/nbp_test_audit"])
    error_message = "A level that a rule names must not lead to everything besides."
  }
  assert {
    condition = alltrue(concat(
      [for rule in google_access_context_manager_service_perimeter.this.status[0].ingress_policies : rule.ingress_from[0].identity_type == "ANY_IDENTITY"],
      [for rule in google_access_context_manager_service_perimeter.this.status[0].egress_policies : rule.egress_from[0].identity_type == "ANY_IDENTITY"],
    ))
    error_message = "Google takes no other identity type for Workbench."
  }
  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_from[0].sources[0].access_level == "accessPolicies/789/accessLevels/nbp_test_office"
      && google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_to[0].operations[*].service_name == tolist(["notebooks.googleapis.com"])
      && google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_to[0].resources == toset(["projects/123"])
      && google_access_context_manager_service_perimeter.this.status[0].ingress_policies[2].ingress_from[0].sources[0].resource == "projects/321"
    )
    error_message = "A rule must hold for its sources, and lead to its services in these projects."
  }
  assert {
    condition = alltrue([
      for place in [1, 2] : contains(
        google_access_context_manager_service_perimeter.this.status[0].ingress_policies[place].ingress_to[0].operations[*].service_name,
        "iamcredentials.googleapis.com",
      )
    ])
    error_message = "Operators and pipelines must get tokens of the account that applies."
  }
  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].egress_policies[0].egress_to[0].resources == toset(["projects/555", "projects/556"])
      && google_access_context_manager_service_perimeter.this.status[0].egress_policies[1].egress_to[0].resources == toset(["*"])
      && google_access_context_manager_service_perimeter.this.status[0].egress_policies[1].egress_to[0].operations[0].method_selectors[*].method == tolist(["google.storage.objects.get"])
    )
    error_message = "Data may be read from where the rule says, and nowhere written."
  }
  assert {
    condition     = google_access_context_manager_service_perimeter.this.status[0].vpc_accessible_services[0].allowed_services == toset(["RESTRICTED-SERVICES", "oslogin.googleapis.com"])
    error_message = "Other services are reached only where somebody names them."
  }
}

run "jobs_of_another_project_reach_what_they_call" {
  command = plan
  variables {
    mode          = "enforced"
    organization  = null
    access_policy = "789"
    ingress       = [{ preset = "maintenance", projects = ["654"] }]
  }
  assert {
    condition = (
      google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_from[0].sources[0].resource == "projects/654"
      && toset(google_access_context_manager_service_perimeter.this.status[0].ingress_policies[0].ingress_to[0].operations[*].service_name) == toset(["compute.googleapis.com", "notebooks.googleapis.com", "storage.googleapis.com"])
    )
    error_message = "The jobs must reach what they call, and get no tokens of the account that applies."
  }
}

run "jobs_by_access_level" {
  command = plan
  variables {
    access_levels = [{ name = "office", ip_ranges = ["203.0.113.0/24"] }]
    ingress       = [{ preset = "maintenance", access_levels = ["office"] }]
  }
  expect_failures = [var.ingress]
}

run "a_preset_that_is_none" {
  command = plan
  variables {
    ingress = [{ preset = "everybody", access_levels = ["office"] }]
  }
  expect_failures = [var.ingress]
}

run "users_by_project" {
  command = plan
  variables {
    ingress = [{ preset = "workbench-users", projects = ["321"] }]
  }
  expect_failures = [var.ingress]
}

run "a_level_that_is_not_there" {
  command = plan
  variables {
    ingress = [{ preset = "workbench-users", access_levels = ["office"] }]
  }
  expect_failures = [var.ingress]
}

run "a_pipeline_by_id" {
  command = plan
  variables {
    ingress = [{ preset = "pipeline", projects = ["build-project"] }]
  }
  expect_failures = [var.ingress]
}

run "egress_to_anywhere" {
  command = plan
  variables {
    egress = [{ preset = "read-data" }]
  }
  expect_failures = [var.egress]
}

run "egress_by_id" {
  command = plan
  variables {
    egress = [{ preset = "use-key", projects = ["key-project"] }]
  }
  expect_failures = [var.egress]
}

run "an_egress_preset_that_is_for_ingress" {
  command = plan
  variables {
    egress = [{ preset = "operators", projects = ["321"] }]
  }
  expect_failures = [var.egress]
}

run "accessible_services_by_short_name" {
  command = plan
  variables {
    accessible_services = ["oslogin"]
  }
  expect_failures = [var.accessible_services]
}
