"""The fleet file: its shape, its rules, and the fleet that it describes."""

from notebook_provisioner.core.fleet.model import (
    CreateKey,
    CreateNetwork,
    Exemption,
    ExistingKey,
    ExistingNetwork,
    Fleet,
    Notebook,
    Profile,
)
from notebook_provisioner.core.fleet.reading import check, parse
from notebook_provisioner.core.fleet.resolve import ResolvedNotebook
from notebook_provisioner.core.fleet.shape import json_schema
from notebook_provisioner.core.fleet.windows import Blackout, Window

__all__ = [
    "Blackout",
    "CreateKey",
    "CreateNetwork",
    "Exemption",
    "ExistingKey",
    "ExistingNetwork",
    "Fleet",
    "Notebook",
    "Profile",
    "ResolvedNotebook",
    "Window",
    "check",
    "json_schema",
    "parse",
]
