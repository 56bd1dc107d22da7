"""A stand-in for hashicorp/google that speaks the Terraform plugin protocol, for machines without a registry."""
