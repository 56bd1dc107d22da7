"""What an upgrade interrupts, and what it costs."""

from datetime import timedelta
from typing import Final

from notebook_provisioner.catalog.prices import snapshot_month
from notebook_provisioner.core.upgrades.facts import Notebook
from notebook_provisioner.core.upgrades.plan import Cost

_HOUR: Final = timedelta(hours=1)


def cost(notebook: Notebook, expected: timedelta) -> Cost:
    """What it costs: machine time of a notebook that was stopped, and a snapshot of the boot disk.

    The snapshot is priced at the dearer of the two list prices that the catalogue has, and as if the disk
    were full. What the machine costs an hour is not in it.
    """
    hours = expected / _HOUR if notebook.state == "STOPPED" else 0.0
    return Cost(
        machine_hours=hours,
        gpu_hours=hours * notebook.gpus,
        snapshot_gib=notebook.boot_disk_gib,
        usd_per_month=round(snapshot_month(notebook.boot_disk_gib * 2**30, ()), 2),
    )


def interruptions(notebook: Notebook, *, at_work: bool) -> tuple[str, ...]:
    """Whom it disturbs. Which kernels will run then, nobody can know beforehand.

    Args:
        notebook: The notebook.
        at_work: Whether it is in its owner's working hours.
    """
    owner = notebook.owner or "whoever uses it"
    found = [f"in the working hours of {owner}"] if at_work else []
    if notebook.state == "ACTIVE":
        found.append(f"kernels of {owner} that run then are lost")
    return tuple(found)
