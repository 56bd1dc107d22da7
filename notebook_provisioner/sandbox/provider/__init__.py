"""A stand-in for hashicorp/google, over the Terraform plugin protocol, where no registry is."""
