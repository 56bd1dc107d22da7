"""Notebooks v2: Vertex AI Workbench instances."""

from notebook_provisioner.sandbox.server.services.notebooks import instances, states, support, upgrades
from notebook_provisioner.sandbox.server.services.notebooks.api import SERVICE

__all__ = ["SERVICE", "instances", "states", "support", "upgrades"]
