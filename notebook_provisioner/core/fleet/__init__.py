"""The fleet file: its shape, its rules, and the fleet that it describes."""

from notebook_provisioner.core.fleet.model import Exemption, Fleet, Notebook
from notebook_provisioner.core.fleet.profile import Profile
from notebook_provisioner.core.fleet.reading import check, for_operating, parse, required
from notebook_provisioner.core.fleet.resolve import ResolvedNotebook
from notebook_provisioner.core.fleet.shape import json_schema
from notebook_provisioner.core.fleet.surroundings import (
    CreateKey,
    CreateNetwork,
    ExistingKey,
    ExistingNetwork,
)
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
    "for_operating",
    "json_schema",
    "parse",
    "required",
]
