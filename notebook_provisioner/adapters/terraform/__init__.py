"""Terraform as a program: the launcher, the workspace of a fleet, and the runs."""
