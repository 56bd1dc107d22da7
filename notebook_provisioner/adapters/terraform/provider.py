"""Which google provider Terraform gets, and why, and whether it outlives one run of Terraform."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from notebook_provisioner.core.errors import InvalidInput

REATTACH: Final = "TF_REATTACH_PROVIDERS"  # Terraform's variable: which providers run already, and where
REGISTRY: Final = "registry"  # in place of a mirror's path: whatever Terraform's own configuration reaches


class Resident(Protocol):
    """A provider's process that serves one Terraform after the other.

    It ends by itself when nobody holds ``descriptor`` any more.
    """

    @property
    def variables(self) -> Mapping[str, str]:
        """What sends a Terraform to it; empty where it did not start, so that Terraform starts its own."""

    @property
    def descriptor(self) -> int:
        """What nbp and its Terraforms hold open for as long as they live."""


class StandIn(Protocol):
    """The provider that comes with the sandbox."""

    def prepare(self, directory: Path) -> Path:
        """Write a mirror that holds it; return the CLI configuration that names the mirror."""

    def serving(self, environment: Mapping[str, str], log: Path) -> AbstractContextManager[Resident]:
        """Run it, with its words in a log, until the context ends."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A source of hashicorp/google.

    Attributes:
        fingerprint: Changes when another provider would be installed.
        environment: What Terraform must be told.
        stand_in: Set where it is the stand-in, one process of which serves several runs of Terraform.
    """

    fingerprint: str
    environment: Mapping[str, str] = field(default_factory=dict)
    stand_in: StandIn | None = None


def choose(target: str, mirror: str | None, directory: Path, stand_in: Callable[[], StandIn]) -> Provider:
    """Choose the provider, and write the CLI configuration that makes Terraform take it.

    Args:
        target: ``google`` or ``sandbox``.
        mirror: NBP_REAL_PROVIDER_MIRROR: the folder of a filesystem mirror, ``registry``, or None.
        directory: The fleet's workspace, for what has to be written.
        stand_in: Loads the stand-in.

    Raises:
        InvalidInput: The mirror is no folder.
    """
    if mirror and mirror != REGISTRY:
        return _from(_mirror_configuration(Path(mirror), directory), Path(mirror))
    if mirror == REGISTRY or target == "google":
        return Provider(REGISTRY)
    loaded = stand_in()
    configuration = loaded.prepare(directory / "provider")
    return replace(_from(configuration, configuration.parent), stand_in=loaded)


def explain(target: str, mirror: str | None) -> str:
    """Say in words what ``choose`` would do."""
    if mirror and mirror != REGISTRY:
        return f"hashicorp/google from the mirror {mirror}, which NBP_REAL_PROVIDER_MIRROR names"
    if mirror == REGISTRY:
        return "hashicorp/google from the registry, since NBP_REAL_PROVIDER_MIRROR says so"
    if target == "google":
        return "hashicorp/google from the registry, since the target is google"
    return "the stand-in for hashicorp/google that comes with nbp, since the target is the sandbox"


def problem(mirror: str | None) -> str | None:
    """Say what is wrong with a mirror; None where nothing is."""
    if mirror and mirror != REGISTRY and not Path(mirror).is_dir():
        return f"NBP_REAL_PROVIDER_MIRROR={mirror} is no folder"
    return None


def _mirror_configuration(mirror: Path, directory: Path) -> Path:
    if wrong := problem(str(mirror)):
        raise InvalidInput(
            wrong, hint="name a filesystem mirror (terraform providers mirror FOLDER), or registry"
        )
    configuration = directory / "mirror.tfrc"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = json.dumps(str(mirror.resolve()))  # HCL quotes as JSON does
    installation = f"provider_installation {{\n  filesystem_mirror {{ path = {source} }}\n}}\n"
    configuration.write_text(f"disable_checkpoint = true\n{installation}", encoding="utf-8")
    return configuration


def _from(configuration: Path, mirror: Path) -> Provider:
    """Identify a mirror by its configuration and the names and sizes of its provider files."""
    digest = hashlib.sha256(configuration.read_bytes())
    for path in sorted(mirror.rglob("terraform-provider-*")):
        if path.is_file():
            digest.update(f"{path} {path.stat().st_size}".encode())
    return Provider(digest.hexdigest(), {"TF_CLI_CONFIG_FILE": str(configuration)})
