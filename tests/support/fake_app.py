"""An App whose world is in memory: the commands' logic without Terraform, sandbox or network."""

import copy
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from click.testing import CliRunner, Result

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings, nbp
from notebook_provisioner.core.errors import AlreadyExists
from notebook_provisioner.core.notebooks import LiveNotebook
from notebook_provisioner.core.procedures import Record
from notebook_provisioner.core.terraform_plan import Change


class FakeProvisioner:
    """Implements ports.Provisioner over a prepared plan document."""

    def __init__(self, document: dict[str, Any], destruction: dict[str, Any] | None = None) -> None:
        self.document = document
        self.destruction = destruction or document
        self.calls: list[str] = []
        self.failure: BaseException | None = None
        self.existing: list[str] = []

    @contextmanager
    def session(self):
        self.calls.append("session")
        yield

    def plan(self, *, destroy: bool = False, show: bool = False) -> dict[str, Any]:
        del show
        self.calls.append("plan")
        if self.failure:
            raise self.failure
        return copy.deepcopy(self.destruction if destroy else self.document)

    def apply(self) -> None:
        self.calls.append("apply")
        if self.existing:
            raise AlreadyExists("terraform apply failed (status 1)", addresses=[self.existing.pop(0)])

    def adopt(self, ids: dict[str, str], incomplete: Sequence[Change] = ()) -> None:
        del incomplete
        self.calls.append(f"adopt {' '.join(sorted(ids.values()))}")


class FakeDirectory:
    """Implements ports.NotebookDirectory over a tuple."""

    def __init__(self, *notebooks: LiveNotebook) -> None:
        self.notebooks = notebooks

    def list(self) -> tuple[LiveNotebook, ...]:
        return self.notebooks


class FakeRecords:
    """Implements procedures.Records, as far as reading goes, over a tuple."""

    def __init__(self, *records: Record) -> None:
        self.records = records

    def pending(self) -> tuple[Record, ...]:
        return self.records


def live(name: str, **changed: Any) -> LiveNotebook:
    """A healthy notebook."""
    values = {
        "name": name,
        "zone": "europe-west1-b",
        "state": "ACTIVE",
        "health": "HEALTHY",
        "owner": "ana@example.com",
        "machine_type": "e2-standard-4",
        "gpus": {},
        "external_ip": None,
        "internal_ip": "10.20.0.2",
        "service_account": f"nb-{name}@nbp-quickstart.iam.gserviceaccount.com",
        "labels": {"nbp-fleet": "quickstart"},
        "metadata": {"notebook-disable-root": "true"},
        "proxy_url": f"https://{name}.example",
        "created": None,
    }
    return LiveNotebook(**{**values, **changed})


def fake_app(
    provisioner: FakeProvisioner, directory: FakeDirectory, records: FakeRecords | None = None
) -> type[App]:
    """An App with these in place of the adapters."""

    class FakeApp(App):
        def provisioner(self):
            return provisioner

        def notebooks(self):
            return directory

        def records(self):
            return records or FakeRecords()

        def former_records(self):
            return None

    return FakeApp


def run(
    provisioner: FakeProvisioner,
    directory: FakeDirectory,
    *arguments: str,
    records: FakeRecords | None = None,
    **options: Any,
) -> Result:
    """Run ``nbp`` in this process with a fake world."""
    settings = Settings(app_type=fake_app(provisioner, directory, records))
    return CliRunner().invoke(nbp, list(arguments), obj=settings, **options)
