# The proxy agent on a notebook's VM reads its own instance to register; without this permission the JupyterLab
# link never appears (DataBiosphere/terra-workspace-manager #848). No predefined role is as small.
resource "google_project_iam_custom_role" "vm" {
  project     = var.project_id
  role_id     = "nbp_${replace(var.fleet_name, "-", "_")}_vm"
  title       = "Notebook VM of fleet ${var.fleet_name}"
  description = "Lets a notebook's VM read its own instance, to register with the Workbench proxy."
  permissions = ["compute.instances.get"]

  depends_on = [module.services]
}
