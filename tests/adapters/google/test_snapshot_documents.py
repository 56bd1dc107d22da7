"""Compute Engine's documents of snapshots, whole and with holes."""

import pytest
from snapshot_documents import PROJECT, ZONE
from snapshot_documents import notebook as named
from snapshot_documents import snapshot as document
from snapshot_facts import NOW

from notebook_provisioner.adapters.google.snapshot_documents import notebook, snapshot

DOCUMENT = document("a", "nb-boot", NOW, 1)


def test_a_whole_document():
    found = snapshot(DOCUMENT, PROJECT)
    assert (found.name, found.status, found.kind, found.disk) == ("a", "READY", "STANDARD", (ZONE, "nb-boot"))


@pytest.mark.parametrize(
    "place",
    [
        f"projects/another/zones/{ZONE}/disks/nb-boot",
        f"projects/{PROJECT}/regions/europe-west1/disks/nb-boot",
        f"projects/x{PROJECT}/zones/{ZONE}/disks/nb-boot",
        "",
    ],
)
def test_a_disk_of_another_project_is_no_notebooks(place):
    found = snapshot({**DOCUMENT, "sourceDisk": f"https://www.googleapis.com/compute/v1/{place}"}, PROJECT)
    assert found.disk is None


@pytest.mark.parametrize("host", ["", "https://compute.googleapis.com/compute/v1/"])
def test_the_host_of_a_link_does_not_matter(host):
    place = f"{host}projects/{PROJECT}/zones/{ZONE}/disks/nb-boot"
    assert snapshot({**DOCUMENT, "sourceDisk": place}, PROJECT).disk == (ZONE, "nb-boot")


def test_what_is_not_said_is_not_taken_for_well():
    said = {name: value for name, value in DOCUMENT.items() if name not in {"status", "snapshotType"}}
    found = snapshot(said, PROJECT)
    assert (found.status, found.kind) == ("UNKNOWN", "UNKNOWN")


def test_a_change_that_does_not_say_what_it_was_is_no_upgrade():
    instance = named("nb", [("a", NOW)], NOW)
    del instance["upgradeHistory"][0]["action"]
    (found,) = notebook(instance).history
    assert (found.action, found.word, found.snapshot) == ("ACTION_UNSPECIFIED", "change", "a")
