# Each rule is a preset of presets.json and says which access levels or projects it is for. Google wants ANY_IDENTITY for
# Workbench; who among them may do it, IAM decides.
locals {
  _presets = { for row in jsondecode(file("${path.module}/presets.json")) : row.preset => row }

  _ingress = [
    for rule in var.ingress : {
      title      = rule.preset
      operations = local._presets[rule.preset].operations
      resources  = local._inside
      sources = concat(
        [for name in rule.access_levels : { access_level = local._level_names[name], resource = null }],
        [for number in rule.projects : { access_level = null, resource = "projects/${number}" }],
      )
    }
  ]

  _egress = [
    for rule in var.egress : {
      title      = rule.preset
      operations = local._presets[rule.preset].operations
      resources  = local._presets[rule.preset].from == "anywhere" ? ["*"] : [for number in rule.projects : "projects/${number}"]
    }
  ]
}
