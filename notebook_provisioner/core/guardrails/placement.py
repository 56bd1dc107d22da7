"""Guardrails for where a notebook stands, and what it boots: the network and the image of the fleet file."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.catalog import images
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.profile import Image
from notebook_provisioner.core.fleet.surroundings import ExistingNetwork
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, shown, stays
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

_SETUP: Final = ("gce_setup", 0)
_BUILT_IN: Final = Image(family=images.CURRENT_FAMILY)  # what a profile that names none has
_API: Final = ("https://www.googleapis.com/compute/v1/", "https://compute.googleapis.com/compute/v1/")


def network_and_subnet(fleet: Fleet) -> tuple[str, str]:
    """The network and the subnet that the fleet file names, as the API names them."""
    at = fleet.network
    project = at.host_project if isinstance(at, ExistingNetwork) else fleet.project
    return (
        f"projects/{project}/global/networks/{at.name}",
        f"projects/{project}/regions/{fleet.region}/subnetworks/{at.subnet}",
    )


def _network(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """No interface at all is one in the project's network called default."""
    if not stays(change):
        return
    network, subnet = network_and_subnet(surroundings.fleet)
    interfaces = change.planned(*_SETUP, "network_interfaces")
    places = [
        (
            change.planned(*_SETUP, "network_interfaces", index, "network"),
            change.planned(*_SETUP, "network_interfaces", index, "subnet"),
        )
        for index in range(len(listed(interfaces)))
    ]
    wrong = [_place(at) for at in places if tuple(map(_relative, at)) != (network, subnet)]
    if not places:
        wrong = ["an unknown network" if interfaces is UNKNOWN else "the project's network called default"]
    for place in wrong:
        yield finding(
            "fleet-network",
            change,
            f"the notebook would stand in {place}, and not in {subnet} of {network}",
            "leave network_interfaces as the module has them; network in the fleet file chooses for all",
        )


def _image(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A VM image and a container are those that the profile names, whole: an older one has older holes."""
    if not stays(change):
        return
    notebook = surroundings.notebooks.get(change.name)
    profile = notebook.profile if notebook is not None else None
    image = (profile and profile.image) or _BUILT_IN
    container = profile.container if profile is not None else None
    wrong = []
    blocks = [change.planned(*_SETUP, block) for block in ("vm_image", "container_image")]
    if UNKNOWN in blocks and not any(map(listed, blocks)):  # beside a container the API fills in its host
        wrong.append("an unknown image")
    for index in range(len(listed(blocks[0]))):
        named = [
            change.planned(*_SETUP, "vm_image", index, key) or None for key in ("project", "family", "name")
        ]
        if named != [image.project, image.family, image.name]:
            wrong.append(f"the image {'/'.join(shown(part) for part in named if part is not None)}")
    for index in range(len(listed(blocks[1]))):
        named = [
            change.planned(*_SETUP, "container_image", index, key) or None for key in ("repository", "tag")
        ]
        if container is None or named != [container.repository, container.tag]:
            wrong.append(f"the container {':'.join(shown(part) for part in named if part is not None)}")
    for one in wrong:
        said = f"the notebook would run {one}, which the fleet file does not name"
        yield finding("image-source", change, said, "name it in a profile: image or container")


def _relative(planned: object) -> object:
    if isinstance(planned, str):
        for prefix in _API:
            planned = planned.removeprefix(prefix)
    return planned


def _place(at: tuple[object, object]) -> str:
    return f"{shown(at[1])} of {shown(at[0])}"


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {NOTEBOOK: (_network, _image)}
