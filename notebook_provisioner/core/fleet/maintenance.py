"""Jobs that look after the fleet: what the file says of them, and where runs keep what they share."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from notebook_provisioner.core.fleet import formats, names
from notebook_provisioner.core.fleet.base import Model
from notebook_provisioner.core.fleet.buckets import bucket_name

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.model import Fleet


class Job(Model):
    """A job that is started by the clock."""

    schedule: formats.Cron
    """When it is started, as a cron expression of five fields."""
    time_zone: formats.TimeZone = "UTC"
    """The zone that the schedule is in."""
    tasks: Annotated[int, Field(ge=1, le=100)] = 1
    """Parts that the fleet is cut into; they take turns."""
    silent_after_hours: Annotated[int, Field(ge=1, le=48)] = 26
    """Hours without a success after which an alert is raised."""


class Maintenance(Model):
    """Jobs in Cloud Run that look after the fleet; each is there if it is named."""

    image: names.PinnedImage
    """The image that the repository's Dockerfile builds, by its digest."""
    prune: Job | None = None
    """`nbp snapshots prune`: deletes the snapshots that no rule keeps."""
    upgrade: Job | None = None
    """`nbp upgrade run`: upgrades the notebooks whose window is open. Start it often enough to meet every
    window."""

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs that are there, by name."""
        return {
            name: job for name, job in (("prune", self.prune), ("upgrade", self.upgrade)) if job is not None
        }


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
    bucket = operations_bucket(fleet)
    if bucket is not None:
        return f"gs://{bucket}"
    return f"gs://{fleet.state.bucket}/{fleet.state.prefix}" if fleet.state is not None else None
