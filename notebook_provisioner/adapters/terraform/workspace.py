"""The folder that Terraform works in: one per fleet and target, complete in itself.

    .nbp/<project>/<fleet>-<target>/
        terraform/fleet, terraform/modules   copies of the project's, with a backend.tf.json of our own
        fleet.yaml                           the fleet file as it was read: plan and apply see the same
        rendered/<notebook>.sh               post-startup scripts
        data/                                TF_DATA_DIR: providers, modules, backend
        terraform.tfstate                    the sandbox's state; a google fleet's is in its bucket
        plan.tfplan                          the last plan, until it is applied
        terraform.log                        Terraform's words, of the last command
        provider.log                         the stand-in provider's words: nothing, unless it has a bug
        initialized                          what `terraform init` was last run for
        lock                                 held while a command works here, and by what it left running

Everything is readable by its owner only: state and plans carry every attribute of every resource.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from notebook_provisioner.core.errors import ProvisionerError

LOCK_SECONDS: Final = 900  # longer than Terraform needs to finish what a killed run left in flight

_POLL_SECONDS: Final = 0.2
_PRIVATE: Final = 0o600
_VARIABLES: Final = "nbp.auto.tfvars.json"
_BACKEND: Final = "backend.tf.json"


class WorkspaceBusy(ProvisionerError):
    """Another run works in the same workspace and does not end."""

    code = "workspace-busy"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a workspace is made from.

    Attributes:
        source: The project's ``terraform`` folder.
        fleet_text: The fleet file's text.
        backend: Terraform's ``backend`` block, as in its JSON syntax.
        variables: The root's variables beside ``fleet_file`` and ``rendered_directory``.
        scripts: Notebook name to post-startup script.
        provider: Whatever identifies the google provider in use; a change makes ``init`` needed.
    """

    source: Path
    fleet_text: str
    backend: Mapping[str, Any]
    variables: Mapping[str, str | bool]
    scripts: Mapping[str, str]
    provider: str


class Workspace:
    """One fleet's Terraform folder.

    Attributes:
        directory: The folder.
        root: Where Terraform runs: the copied ``terraform/fleet``.
        lock_descriptors: The held lock, for children that must keep it; empty while it is not held.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.root = self.directory / "terraform" / "fleet"
        self.lock_descriptors: tuple[int, ...] = ()
        self._provider = ""

    @property
    def data_directory(self) -> Path:
        """Terraform's own cache: providers, modules, backend."""
        return self.directory / "data"

    @property
    def state_file(self) -> Path:
        """The state of a fleet without a state bucket."""
        return self.directory / "terraform.tfstate"

    @property
    def plan_file(self) -> Path:
        """The last plan that was not applied."""
        return self.directory / "plan.tfplan"

    @property
    def log_file(self) -> Path:
        """What Terraform said during the last command."""
        return self.directory / "terraform.log"

    @property
    def provider_log_file(self) -> Path:
        """What the stand-in provider said during the last command."""
        return self.directory / "provider.log"

    @property
    def rendered_directory(self) -> Path:
        """One post-startup script a notebook."""
        return self.directory / "rendered"

    @contextmanager
    def locked(self, say: Callable[[str], None], *, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the workspace; wait for whoever holds it.

        The lock is the kernel's and lives as long as any process that inherited it: after a killed run it
        is free when that run's Terraform has ended, and not before.

        Raises:
            WorkspaceBusy: It was not free within *seconds*.
        """
        _private_folder(self.directory)
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            self._acquire(descriptor, say, seconds)
            self.lock_descriptors = (descriptor,)
            yield
        finally:
            self.lock_descriptors = ()
            os.close(descriptor)

    def prepare(self, inputs: Inputs) -> None:
        """Bring the folder up to date; files that already say so are left alone."""
        for path in (self.log_file, self.plan_file):  # a killed run leaves its plan
            path.unlink(missing_ok=True)
        self._provider = inputs.provider
        wanted = {
            Path("terraform") / path: (inputs.source / path).read_bytes()
            for path in _terraform_files(inputs.source)
        }
        values = {
            **inputs.variables,
            "fleet_file": str(self.directory / "fleet.yaml"),
            "rendered_directory": str(self.rendered_directory),
        }
        root = Path("terraform") / "fleet"
        wanted[root / _BACKEND] = _json({"terraform": {"backend": inputs.backend}})
        wanted[root / _VARIABLES] = _json(values)
        wanted[Path("fleet.yaml")] = inputs.fleet_text.encode()
        wanted |= {Path("rendered") / f"{name}.sh": text.encode() for name, text in inputs.scripts.items()}
        for folder in ("terraform", "rendered"):
            self._remove_strangers(folder, wanted)
        for path, content in wanted.items():
            _write(self.directory / path, content)
        _private_folder(self.rendered_directory)

    def write_imports(self, ids: Mapping[str, str], overrides: Mapping[str, Mapping[str, Any]]) -> None:
        """Add import blocks to the root, until the folder is prepared again.

        Args:
            ids: Address to import id.
            overrides: What else to add: path below ``terraform`` to a document in Terraform's JSON syntax.
        """
        blocks = [{"to": address, "id": identity} for address, identity in sorted(ids.items())]
        _write(self.root / "adopt_existing.tf.json", _json({"import": blocks}))
        for path, document in overrides.items():
            _write(self.directory / "terraform" / path, _json(document))

    def end_imports(self, overrides: Iterable[str]) -> None:
        """Take away what `write_imports` added beside the import blocks, which do nothing any more."""
        for path in overrides:
            (self.directory / "terraform" / path).unlink(missing_ok=True)

    @contextmanager
    def state_copy(self, state: str) -> Iterator[Path]:
        """A file that holds *state* for as long as the context lasts."""
        path = self.directory / "completed.tfstate"
        _write(path, state.encode())
        try:
            yield path
        finally:
            path.unlink()

    def is_initialized(self) -> bool:
        """Whether ``terraform init`` has run for exactly these modules, this backend and this provider."""
        stamp = self.directory / "initialized"
        return stamp.is_file() and stamp.read_text(encoding="utf-8") == self._fingerprint()

    def mark_initialized(self) -> None:
        """Record that ``terraform init`` has run."""
        _write(self.directory / "initialized", self._fingerprint().encode())

    def forget_providers(self) -> None:
        """Drop what the last ``init`` chose, so that another provider may take its place."""
        (self.directory / "initialized").unlink(missing_ok=True)
        (self.root / ".terraform.lock.hcl").unlink(missing_ok=True)

    def _acquire(self, descriptor: int, say: Callable[[str], None], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        waiting = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise WorkspaceBusy(
                        f"another run has been at work in {self.directory} for {seconds:.0f} s",
                        hint="wait for it, or find it with: ps -ef | grep terraform",
                    ) from None
                if not waiting:
                    say(f"waiting: another run is at work in {self.directory}")
                    waiting = True
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _remove_strangers(self, folder: str, wanted: Mapping[Path, bytes]) -> None:
        for path in (self.directory / folder).rglob("*"):
            own = path.name.startswith(".terraform")
            if path.is_file() and not own and path.relative_to(self.directory) not in wanted:
                path.unlink()

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self._provider.encode())
        for path in sorted((self.directory / "terraform").rglob("*.tf*")):
            if path.name != _VARIABLES:
                digest.update(
                    str(path.relative_to(self.directory)).encode() + b"\0" + path.read_bytes() + b"\0"
                )
        digest.update(str(self.data_directory.is_dir()).encode())
        return digest.hexdigest()


def private(path: str, flags: int) -> int:
    """Open a file that nobody else may read; an ``opener`` for ``open``."""
    return os.open(path, flags, _PRIVATE)


def local_backend(workspace: Workspace) -> dict[str, Any]:
    """State in a file of the workspace."""
    return {"local": {"path": str(workspace.state_file)}}


def bucket_backend(bucket: str, prefix: str) -> dict[str, Any]:
    """State in a Cloud Storage bucket, with Cloud Storage's lock."""
    return {"gcs": {"bucket": bucket, "prefix": prefix}}


def _terraform_files(source: Path) -> Iterator[Path]:
    """What Terraform reads, relative to *source*: no tests, no pages, and no backend but ours."""
    for part in ("fleet", "modules"):
        for path in sorted((source / part).rglob("*")):
            relative = path.relative_to(source)
            foreign = "tests" in relative.parts or any(piece.startswith(".") for piece in relative.parts)
            if path.is_file() and not foreign and path.name != "backend.tf" and path.suffix != ".md":
                yield relative


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole, readable by its owner only; leave it alone where it already says so."""
    if path.is_file() and path.read_bytes() == content:
        return
    _private_folder(path.parent)
    unfinished = path.with_name(path.name + ".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    unfinished.replace(path)


def _private_folder(path: Path) -> None:
    """Make a folder and those above it; ``mkdir(parents=True)`` would leave those above open."""
    if not path.is_dir():
        _private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
