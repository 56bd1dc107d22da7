"""Provision and operate fleets of hardened Vertex AI Workbench notebooks."""

__version__ = "0.1.0"
