"""The composition root: the one place that builds adapters and hands them to commands."""

import functools
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import click

from notebook_provisioner.cli import fleet_files, home
from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.output import Output
from notebook_provisioner.cli.parameters import StorageObject
from notebook_provisioner.core.errors import InvalidInput, NotFound, TargetUnreachable

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.lease import BucketLease
    from notebook_provisioner.adapters.google.rest import ClockWatch
    from notebook_provisioner.adapters.google.session import Target
    from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
    from notebook_provisioner.adapters.journal import FileJournal
    from notebook_provisioner.adapters.lock import FileLease
    from notebook_provisioner.cli.procedures import Pauses
    from notebook_provisioner.core.diagnosis import Facts
    from notebook_provisioner.core.findings import Finding
    from notebook_provisioner.core.fleet import Fleet
    from notebook_provisioner.core.ports import NotebookDirectory, Provisioner
    from notebook_provisioner.core.procedures import Records
    from notebook_provisioner.sandbox.environment import Connection
    from notebook_provisioner.sandbox.lab.rehearsal import Run
    from notebook_provisioner.sandbox.process import SandboxProcess

REAL_PROVIDER: Final = "NBP_REAL_PROVIDER_MIRROR"  # a filesystem mirror of hashicorp/google, or "registry"

P = ParamSpec("P")
R = TypeVar("R")


class App:
    """What a command needs of the world, built when first asked for.

    Attributes:
        settings: The global options as given.
        output: Where the command's results and talk go.
    """

    def __init__(self, settings: Settings, command: str) -> None:
        self.settings = settings
        self.output = Output(command, json=settings.output_format == "json")

    @functools.cached_property
    def fleet_file(self) -> str:
        """The fleet file, a path or ``gs://BUCKET/OBJECT``. Raises as `fleet_files.place`."""
        return fleet_files.place(self.settings)

    @functools.cached_property
    def fleet_text(self) -> str:
        """What the fleet file says. Raises as `fleet_files.read`."""
        return fleet_files.read(self)

    @functools.cached_property
    def today(self) -> date:
        """The day that expiry dates are held against, in UTC."""
        return datetime.now(UTC).date()

    @functools.cached_property
    def fleet(self) -> "Fleet":
        """The fleet file, read and checked, with ``--target`` applied. Tells which exemptions have expired.

        Raises:
            NotFound: The file is not there.
            InvalidInput: It has errors, all of which are findings, or is published as another fleet's.
        """
        from notebook_provisioner.core import fleet

        found, findings = self._checked
        findings = fleet.for_operating(findings)
        checked = fleet.required(found, findings, file=self.fleet_file)
        fleet_files.require_its_own(checked, self.fleet_file)
        self._tell(findings, "exemption-expired")
        return checked

    def require_exemptions(self) -> None:
        """Hold the file to its exemptions, to make the cloud match it; tells which soon expire.

        Raises:
            NotFound: The file is not there.
            InvalidInput: It has errors, all of which are findings; an expired exemption is one.
        """
        from notebook_provisioner.core import fleet

        found, findings = self._checked
        fleet.required(found, findings, file=self.fleet_file)
        self._tell(findings, "exemption-")

    @functools.cached_property
    def _checked(self) -> "tuple[Fleet | None, tuple[Finding, ...]]":
        from notebook_provisioner.core import fleet  # pydantic costs --help a tenth of a second

        text, file = self.fleet_text, self.fleet_file
        return fleet.check(text, file=file, today=self.today, target=self.settings.target)

    def _tell(self, findings: "tuple[Finding, ...]", codes: str) -> None:
        """Say what of the file's findings a command repeats, and have its envelope hold it."""
        told = tuple(finding for finding in findings if finding.code.startswith(codes))
        self.output.findings(told)
        self.output = replace(self.output, told=(*self.output.told, *told))

    @property
    def home(self) -> Path:
        """The folder that holds what nbp makes: ``.nbp`` and ``.sandbox``.

        Raises:
            InvalidInput: It is the current folder, and that was deleted.
        """
        try:
            return Path(os.environ.get(home.HOME) or ".").absolute()
        except FileNotFoundError:
            raise InvalidInput("the current folder does not exist any more", hint=home.REMEDY) from None

    @functools.cached_property
    def sandbox(self) -> "SandboxProcess":
        """The embedded Google Cloud of this folder, running or not.

        Raises:
            InvalidInput: The folder cannot be written.
        """
        from notebook_provisioner.sandbox.process import SandboxProcess

        return SandboxProcess(home.require(self._sandbox_folder))

    def connect_sandbox(self) -> "Connection":
        """The sandbox, started if it does not run.

        Raises:
            TargetUnreachable: It does not come up.
        """
        connection = self.sandbox.connection()
        if connection is None:
            connection = self.sandbox.start()
            self.output.say(f"Started the sandbox at {connection.url}")
        return connection

    def sandbox_variables(self) -> dict[str, str]:
        """Variables that point other programs at the sandbox, for the fleet's project and region.

        Raises:
            TargetUnreachable: The sandbox does not run.
        """
        from notebook_provisioner.sandbox import environment

        connection = self.sandbox.connection()
        if connection is None:
            raise TargetUnreachable("the sandbox does not run", hint="start it with: nbp sandbox start")
        environment.configure_gsutil(connection)
        return environment.variables(connection, project=self.fleet.project, region=self.fleet.region)

    def provisioner(self) -> "Provisioner":
        """Terraform over the fleet.

        Raises:
            InvalidInput: The fleet's folder cannot be written.
            TargetUnreachable: The sandbox does not come up.
        """
        from notebook_provisioner.cli import provisioning

        return provisioning.provisioner(self)

    def scripts(self) -> dict[str, str]:
        """The fleet's post-startup scripts, by notebook; with managed credentials there is none."""
        from notebook_provisioner import __version__
        from notebook_provisioner.adapters.files import post_startup_templates
        from notebook_provisioner.core.post_startup import Renderer

        renderer = Renderer(post_startup_templates(), version=__version__)
        return {
            notebook.name: renderer.render(notebook, self.fleet)
            for notebook in self.fleet.resolved_notebooks
            if not notebook.managed_euc
        }

    def rehearse(self, name: str, script: str, *, boots: int) -> "tuple[Run, ...]":
        """Run a notebook's post-startup script in a throw-away machine.

        Raises:
            LabUnavailable: This host cannot run one; says why.
            NotFound: The sandbox is not installed.
        """
        try:
            from notebook_provisioner.sandbox.lab.rehearsal import rehearse
        except ImportError as error:
            raise not_installed(error) from None
        notebook = next(one for one in self.fleet.resolved_notebooks if one.name == name)
        return rehearse(notebook, script, project=self.fleet.project, boots=boots)

    def notebooks(self) -> "NotebookDirectory":
        """The project's notebooks as they are.

        Raises:
            TargetUnreachable: The sandbox does not come up.
        """
        from notebook_provisioner.adapters.google.workbench import WorkbenchDirectory

        return WorkbenchDirectory(self.google_target(), self.fleet.project)

    def snapshots(
        self,
        *,
        per_second: float = 20.0,
        heartbeat: Callable[[], None] = lambda: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> "GoogleSnapshots":
        """The project's snapshots.

        Args:
            per_second: Changes a second at most.
            heartbeat: Called every now and then while reading takes its time.
            stopped: Whether nobody wants to wait any more.

        Raises:
            TargetUnreachable: The sandbox does not come up.
        """
        from notebook_provisioner.adapters.google.rest import Rest
        from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots

        rest = Rest(self.google_target(), stopped=stopped, watch=self._clock_watch)
        return GoogleSnapshots(rest, self.fleet.project, per_second=per_second, heartbeat=heartbeat)

    def clock(self) -> Callable[[], datetime]:
        """The target's time, UTC: the sandbox's can be set, and run faster.

        Raises:
            TargetUnreachable: The sandbox does not answer.
        """
        if self.fleet.target == "google":
            return lambda: datetime.now(UTC)
        from notebook_provisioner.adapters.google.rest import Rest

        target = self.google_target()
        told, asked = Rest(target).read(f"{target.url}/sandbox/v1/settings"), time.monotonic()
        return lambda: datetime.fromtimestamp(told["now"] + told["speed"] * (time.monotonic() - asked), UTC)

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far `clock` is ahead of the target's, by the latest answer about its snapshots.

        None where it is the target's own, or where no answer told.
        """
        return self._clock_watch.ahead if self.fleet.target == "google" else None

    @functools.cached_property
    def _clock_watch(self) -> "ClockWatch":
        from notebook_provisioner.adapters.google.rest import ClockWatch

        return ClockWatch()

    def pauses(self) -> "Pauses":
        """What waits between two looks at a notebook."""
        from notebook_provisioner.cli.procedures import Pauses

        return Pauses()

    def lease(
        self, name: str, place: StorageObject | None = None, *, suffix: str = ""
    ) -> "BucketLease | FileLease":
        """What keeps two runs of *name* apart: an object in a bucket, else a locked file.

        Args:
            name: What is run, as in ``snapshots-prune``.
            place: Where; without it, in the bucket that maintenance made, else beside Terraform's state.
            suffix: What tells a part of the fleet from the others: it has a lease of its own, which is not
                held beside the whole fleet's.
        """
        from notebook_provisioner.adapters.google.lease import BucketLease
        from notebook_provisioner.adapters.lock import FileLease
        from notebook_provisioner.core.fleet.maintenance import operations_folder

        folder = operations_folder(self.fleet)
        if place is None and folder is not None:
            place = StorageObject.parse(f"{folder}/leases/{name}")
        if place is None:
            return FileLease(home.require(self.work_folder) / f"{name}.lock", suffix)
        return BucketLease(self.google_target(), place.bucket, place.name, suffix)

    def journal(self, name: str, common: dict[str, str], echo: Callable[[str], None]) -> "FileJournal":
        """The journal of *name*, in the fleet's folder; *common* is in every line, *echo* gets every line."""
        from notebook_provisioner.adapters.journal import FileJournal

        return FileJournal(home.require(self.work_folder) / f"{name}.jsonl", common, echo=echo)

    def records(self) -> "Records":
        """The open records of procedures over the fleet's notebooks."""
        from notebook_provisioner.cli import procedures

        return procedures.records(self)

    def former_records(self) -> "Records | None":
        """Where open records are until the next apply, if that moves their place."""
        from notebook_provisioner.cli import procedures

        return procedures.former_records(self)

    def diagnose(self) -> "Facts":
        """What this machine has and lacks, for ``nbp doctor``."""
        from notebook_provisioner.adapters import machine

        sandbox_problem = home.problem(self._sandbox_folder)
        connection = None if sandbox_problem else self.sandbox.connection()
        target = self.settings.target or self.fleet.target
        work_problem = home.problem(self.home / ".nbp")
        return machine.examine(
            target=target,
            mirror=os.environ.get(REAL_PROVIDER),
            sandbox_url=connection.url if connection else None,
            home=str(self.home),
            home_problem=work_problem or (sandbox_problem if target == "sandbox" else None),
        )

    @property
    def _sandbox_folder(self) -> Path:
        return self.home / ".sandbox"

    @property
    def work_folder(self) -> Path:
        """The folder that holds what nbp keeps of this fleet, apart from a namesake in another project."""
        return self.home / ".nbp" / f"{self.fleet.project}/{self.fleet.name}-{self.fleet.target}"

    def google_target(self) -> "Target":
        """Where API calls go.

        Raises:
            TargetUnreachable: The sandbox does not come up.
        """
        return self.target(self.fleet.target)

    def target(self, name: str) -> "Target":
        """Where API calls to ``google`` or ``sandbox`` go. Raises as `google_target`."""
        from notebook_provisioner.adapters.google.session import Target

        if name == "google":
            return Target()
        connection = self.connect_sandbox()
        return Target(url=connection.url, token=connection.token, user=connection.user)


def pass_app(command: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Hand a command its App as the first argument."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        ctx = click.get_current_context()
        settings = ctx.ensure_object(Settings)
        settings.command = ctx.command_path.split(" ", 1)[-1]
        try:
            return command((settings.app_type or App)(settings, settings.command), *args, **kwargs)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # whose usage is shown
            raise

    return wrapper


def not_installed(error: ImportError) -> NotFound:
    """What to say where the sandbox cannot be imported."""
    return NotFound(
        f"the sandbox is not installed: {error}", hint="pip install 'notebook-provisioner[sandbox]'"
    )
