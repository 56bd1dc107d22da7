"""The only code that touches the world: Google, Terraform, files."""
