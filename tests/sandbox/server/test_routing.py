"""Every method of every document is reached by its own path."""

import re

import pytest

from notebook_provisioner.sandbox.server.discovery import load
from notebook_provisioner.sandbox.server.routing import Router
from notebook_provisioner.sandbox.server.services import all_services

APIS = sorted((service.api, service.version) for service in all_services())


def example(method):
    """A path of *method*: each parameter filled with what its pattern takes."""

    def fill(found):
        declared = method.parameters.get(found.group(2), {}).get("pattern", "x")
        if not found.group(1):
            return "x"
        literal = declared.removeprefix("^").removesuffix("$").replace("[^/]+", "x").replace(".*", "x/y")
        return literal if re.fullmatch(r"[\w/.-]+", literal) else "x"

    return re.sub(r"\{(\+?)([\w.]+)\}", fill, method.path)


@pytest.mark.parametrize(("name", "version"), APIS)
def test_every_method_is_reached(name, version):
    api = load(name, version)
    router = Router(api.methods.values())
    lost = []
    for method in api.methods.values():
        if (
            method.resource == "reservationSlots"
        ):  # its parent is a pattern of its own that `example` cannot fill
            continue
        match = router.match(method.http_method, example(method))
        # One path may belong to several ids: logging.sinks.get, logging.projects.sinks.get.
        if match is None or match.method.id.split(".")[-2:] != method.id.split(".")[-2:]:
            lost.append((method.id, example(method), match and match.method.id))
    assert not lost


VM, NOTEBOOK = "projects/p/zones/z/instances", "projects/p/locations/z/instances"


@pytest.mark.parametrize(
    ("http_method", "path", "identifier", "name", "collection"),
    [
        ("GET", f"compute/v1/{VM}", "compute.instances.list", "projects/p/zones/z", VM),
        ("POST", f"compute/v1/{VM}/i/setLabels", "compute.instances.setLabels", f"{VM}/i", None),
        (
            "POST",
            f"notebooks/v2/{NOTEBOOK}/i:stop",
            "notebooks.projects.locations.instances.stop",
            f"{NOTEBOOK}/i",
            None,
        ),
        ("GET", "storage/v1/b/bucket/o/a%2Fb%20c", "storage.objects.get", "b/bucket/o/a/b c", None),
        ("PUT", "upload/storage/v1/b/bucket/o", "storage.objects.insert", "b/bucket", "b/bucket/o"),
        ("GET", "download/storage/v1/b/bucket/o/x", "storage.objects.get", "b/bucket/o/x", None),
        ("POST", "logging/v2/entries:write", "logging.entries.write", "", "entries"),
    ],
)
def test_names_follow_from_the_path(http_method, path, identifier, name, collection):
    apis = [
        load(*pair) for pair in (("compute", "v1"), ("notebooks", "v2"), ("storage", "v1"), ("logging", "v2"))
    ]
    match = Router(method for api in apis for method in api.methods.values()).match(http_method, path)
    assert match is not None
    assert (match.method.id, match.name) == (identifier, name)
    assert collection is None or match.collection == collection
