"""Where things are: regions, zones, the state's bucket."""

import difflib
from collections.abc import Iterator

from notebook_provisioner.catalog import places
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context


def known_region(context: Context) -> Iterator[Finding]:
    """The region is one that Google's documents name; it has more regions from year to year."""
    region = context.fleet.region
    if region not in places.REGIONS:
        near = difflib.get_close_matches(region, sorted(places.REGIONS), n=1)
        remedy = (
            f"did you mean {near[0]}?" if near else "see https://cloud.google.com/compute/docs/regions-zones"
        )
        said = f"{region} is no region of Google Cloud that this version knows"
        yield context.warning("unknown-region", ("region",), said, remedy)


def zones_in_region(context: Context) -> Iterator[Finding]:
    """Zones are the region's, each named once."""
    fleet = context.fleet
    for index, zone in enumerate(fleet.zones):
        path = ("zones", index)
        if zone.rpartition("-")[0] != fleet.region:
            yield context.error(
                "zone-outside-region",
                path,
                f"{zone} is not in {fleet.region}",
                f"write a zone of the region, as in {fleet.region}-b, or another region",
            )
        if zone in fleet.zones[:index]:
            yield context.error("duplicate-zone", path, f"{zone} is listed twice", "list it once")


def notebook_zones(context: Context) -> Iterator[Finding]:
    """A notebook's zone is one of the fleet's."""
    for path, notebook in context.notebooks():
        if notebook.zone is not None and notebook.zone not in context.fleet.zones:
            yield context.error(
                "zone-not-listed",
                (*path, "zone"),
                f"{notebook.zone} is not one of the fleet's zones",
                f"write {' or '.join(context.fleet.zones)}, or add it to zones",
            )


def state_for_google(context: Context) -> Iterator[Finding]:
    """The real cloud needs a place for Terraform's state."""
    if context.fleet.target == "google" and context.fleet.state is None:
        yield context.error(
            "missing-key",
            ("state",),
            "the target google needs a place for Terraform's state",
            "add state: with bucket and prefix, or write target: sandbox",
        )
