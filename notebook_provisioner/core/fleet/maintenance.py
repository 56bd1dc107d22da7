"""Jobs that look after fleets: what the file says of them, and where runs keep what they share."""

import hashlib
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from notebook_provisioner.core.fleet import formats, names
from notebook_provisioner.core.fleet.base import Model
from notebook_provisioner.core.fleet.buckets import bucket_name

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.model import Fleet

JobName = Literal["prune", "upgrade"]
JOBS: Final[tuple[JobName, ...]] = ("prune", "upgrade")
MOST_TASKS: Final = 100

_LONGEST_ACCOUNT: Final = 30  # the discovery document iam.v1: CreateServiceAccountRequest.accountId


class Job(Model):
    """A job that is started by the clock."""

    schedule: formats.JobCron
    """When it is started, as a cron expression of five fields."""
    time_zone: formats.TimeZone = "UTC"
    """The zone that the schedule is in."""
    tasks: Annotated[int, Field(ge=1, le=MOST_TASKS)] | None = None
    """Tasks that share the work. Of one fleet, each takes a part, in turns: 1 where it is not given. With
    `serves`, each takes whole fleets, side by side: one a fleet where it is not given, 100 at most."""
    silent_after_hours: Annotated[int, Field(ge=1, le=48)] = 26
    """Hours without a success after which an alert is raised; only where there is `observability`."""


class Served(Model):
    """A fleet of another project that these jobs serve too. Its own file agrees, with `served_by`."""

    project: names.ProjectId
    """The project that it is in."""
    fleet: names.FleetName
    """Its name."""
    jobs: Annotated[tuple[JobName, ...], Field(min_length=1)] | None = None
    """The jobs that serve it; all that there are where it is not given."""


class ServedBy(Model):
    """The fleet whose jobs serve this one too; this one lets their accounts do so."""

    project: names.ProjectId
    """The project that it is in."""
    fleet: names.FleetName
    """Its name."""
    jobs: Annotated[tuple[JobName, ...], Field(min_length=1)]
    """The jobs that may."""


class Maintenance(Model):
    """Jobs in Cloud Run that look after the fleet, its own or another's; each is there if it is named."""

    image: names.PinnedImage | None = None
    """The image that the repository's Dockerfile builds, by its digest. Needed for jobs of its own."""
    prune: Job | None = None
    """`nbp snapshots prune`: deletes the snapshots that no rule keeps."""
    upgrade: Job | None = None
    """`nbp upgrade run`: upgrades the notebooks whose window is open. Start it often enough to meet every
    window."""
    serves: tuple[Served, ...] = ()
    """Fleets of other projects that these jobs serve too."""
    served_by: ServedBy | None = None
    """Another fleet, whose jobs serve this one."""

    @property
    def jobs(self) -> dict[JobName, Job]:
        """The fleet's own jobs, by name."""
        named = {"prune": self.prune, "upgrade": self.upgrade}
        return {name: job for name in JOBS if (job := named[name]) is not None}

    def served(self, job: JobName) -> tuple[Served, ...]:
        """The other fleets that one of the fleet's own jobs serves."""
        return tuple(one for one in self.serves if job in (one.jobs or JOBS)) if job in self.jobs else ()

    def tasks(self, job: JobName) -> int:
        """How many tasks one of the fleet's own jobs has."""
        return self.jobs[job].tasks or min(1 + len(self.served(job)), MOST_TASKS)


def job_account(project: str, fleet: str, job: str) -> str:
    """The e-mail address that a fleet's job runs as, as the module maintenance names it."""
    name = f"nbp-{fleet}"
    if len(name) > _LONGEST_ACCOUNT - len("-upgrade"):
        name = f"{name[:13]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{name}-{job}@{project}.iam.gserviceaccount.com"


def operations_bucket(fleet: "Fleet") -> str | None:
    """The bucket of leases and open records, as the module fleet-file names it; None without maintenance."""
    return bucket_name(fleet.project, fleet.name, "operations") if fleet.maintenance is not None else None


def operations_folder(fleet: "Fleet") -> str | None:
    """Where leases and open records of a fleet on Google are, as ``gs://BUCKET`` or ``gs://BUCKET/FOLDER``.

    People and jobs share it, so that neither gets in the other's way. It is beside Terraform's state where
    there is no maintenance. None where the file names no bucket, and on the sandbox.
    """
    if fleet.target != "google":
        return None
    return _beside_state(fleet) if fleet.maintenance is None else f"gs://{operations_bucket(fleet)}"


def former_operations_folder(fleet: "Fleet") -> str | None:
    """Where they are until the next apply, if maintenance was written into the file, or taken out, since."""
    if fleet.target != "google":
        return None
    if fleet.maintenance is None:
        return f"gs://{bucket_name(fleet.project, fleet.name, 'operations')}"
    return _beside_state(fleet)


def _beside_state(fleet: "Fleet") -> str | None:
    return f"gs://{fleet.state.bucket}/{fleet.state.prefix}" if fleet.state is not None else None
