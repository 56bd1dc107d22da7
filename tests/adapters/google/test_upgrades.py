"""What upgrades depend on, read from the sandbox over HTTP, in as few calls as there can be."""

from datetime import UTC, datetime, timedelta

import pytest
from snapshot_documents import FLEET, NOTEBOOKS, PROJECT, ZONE, Control, notebook

from notebook_provisioner.adapters.google import upgrade_documents as documents
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.upgrades import UpgradeFacts
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.upgrades.facts import LegacyMachine, Upgradability

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
NETWORK = f"projects/{PROJECT}/global/networks/net"
SUBNET = f"projects/{PROJECT}/regions/europe-west1/subnetworks/sub"
INSTANCES = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
MACHINES = f"compute/projects/{PROJECT}/zones/{ZONE}/instances"


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    control.ask(
        "POST",
        f"compute/v1/projects/{PROJECT}/global/networks",
        {"name": "net", "autoCreateSubnetworks": False},
    )
    control.ask(
        "POST",
        f"compute/v1/projects/{PROJECT}/regions/europe-west1/subnetworks",
        {"name": "sub", "network": NETWORK, "ipCidrRange": "10.0.0.0/24"},
    )
    return control


@pytest.fixture
def make(control):
    def send(name, image="workbench-instances-v20240613", **setup):
        body = {
            "labels": {"nbp-fleet": FLEET},
            "instanceOwners": [f"{name}@example.com"],
            "gceSetup": {
                "disablePublicIp": True,
                "networkInterfaces": [{"subnet": SUBNET}],
                "vmImage": {"project": "cloud-notebooks-managed", "name": image},
                **setup,
            },
        }
        control.ask("POST", f"{INSTANCES}?instanceId={name}", body)

    return send


@pytest.fixture
def facts(connection):
    rest = Rest(Target(url=connection.url, token=connection.token), patience=2, first_pause=0.01)
    return UpgradeFacts(rest, PROJECT)


def ours(zone, name, label):
    del zone, name
    return label == FLEET


def test_a_notebook_is_read_as_the_api_shows_it(make, facts):
    make("ana", metadata={"idle-timeout-seconds": "10800"}, bootDisk={"diskSizeGb": "200"})
    (found,) = facts.look(ours).notebooks
    assert (found.zone, found.name, found.state, found.health) == (ZONE, "ana", "ACTIVE", "HEALTHY")
    assert (found.family, found.image, found.version) == (
        "workbench-instances", "workbench-instances-v20240613", "122",
    )  # fmt: skip
    assert (found.owner, found.boot_disk_gib, found.idle_timeout) == (
        "ana@example.com",
        200,
        timedelta(hours=3),
    )
    assert found.upgradability == Upgradability(
        upgradable=True,
        version="m144",
        image="https://www.googleapis.com/compute/v1/projects/cloud-notebooks-managed/global/images/"
        "workbench-instances-v20260701",
        message="A new image is available for upgrade. Backup user data before upgrading",
    )


def test_after_an_upgrade_the_history_and_how_long_it_took_are_known(make, control, facts):
    make("ana")
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 600})
    control.ask("POST", f"{INSTANCES}/ana:upgrade", {})
    assert facts.look(ours, durations=True).samples == ()  # under way
    control.ask("POST", "sandbox/v1/settings", {"advance": 601})
    look = facts.look(ours, durations=True)
    (found,) = look.notebooks
    assert [(entry.action, entry.state, entry.target_version) for entry in found.history] == [
        ("UPGRADE", "SUCCEEDED", "m144")
    ]
    assert found.upgradability.upgradable is False
    assert found.version == "144"
    (sample,) = look.samples
    assert sample.notebook == (ZONE, "ana")
    assert timedelta(minutes=10) <= sample.took < timedelta(minutes=11)


def test_only_the_fleets_notebooks_are_asked_one_by_one(make, control, facts):
    make("ana")
    make("ben")
    control.ask("PATCH", f"{INSTANCES}/ben?updateMask=labels", {"labels": {"nbp-fleet": "another"}})
    control.clear()
    assert [item.name for item in facts.look(ours).notebooks] == ["ana"]
    assert control.counts() == {
        "notebooks.projects.locations.instances.list": 1,
        "notebooks.projects.locations.instances.checkUpgradability": 1,
        "compute.instances.aggregatedList": 1,
    }


def test_a_refusal_is_told_in_the_apis_own_words(make, control, facts):
    make("ana")
    make("ben")
    control.fault(method="notebooks.*.checkUpgradability", kind="status", status=403, count=1)
    checks = [item.upgradability for item in facts.look(ours).notebooks]
    (refused,) = (check for check in checks if check.upgradable is None)
    assert refused.message.startswith("403 ")
    assert sum(check.upgradable is True for check in checks) == 1


def test_a_passing_fault_is_not_told_at_all(make, control, facts):
    make("ana")
    control.fault(method="notebooks.*.checkUpgradability", kind="status", status=429, count=2)
    assert facts.look(ours).notebooks[0].upgradability.upgradable is True


def test_an_api_that_never_answers_is_unknown_not_current(make, control, facts):
    make("ana")
    control.fault(method="notebooks.*.checkUpgradability", kind="status", status=503)
    check = facts.look(ours).notebooks[0].upgradability
    assert check.upgradable is None
    assert check.message.startswith("no answer: ")


def test_without_the_list_nothing_can_be_said(control, facts):
    control.fault(method="notebooks.*.instances.list", kind="status", status=403)
    with pytest.raises(TargetUnreachable):
        facts.look(ours)


def test_operations_that_may_not_be_listed_cost_only_the_estimate(make, control, facts):
    make("ana")
    control.fault(method="notebooks.*.operations.list", kind="status", status=403)
    look = facts.look(ours, durations=True)
    assert look.samples == ()
    assert len(look.notebooks) == 1


def test_former_user_managed_notebooks_are_told_from_others(make, control, facts):
    make("ana")
    zone = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{ZONE}"

    def machine(name, **changed):
        return {"name": name, "zone": zone, "status": "RUNNING", **changed}

    items = [{"key": "notebooks-api", "value": "PROD"}, {"key": "proxy-mode", "value": "mail"}]
    control.load(
        {
            MACHINES: [
                machine("by-label", labels={"goog-caip-notebook": ""}),
                machine("by-metadata", metadata={"items": items}),
                machine("database", metadata={"items": items[1:]}),
                machine(
                    "half-made",
                    labels={"notebooks-product": "workbench-instances"},
                    metadata={"items": items},
                ),
            ]
        }
    )
    assert sorted(facts.look(ours).legacy, key=lambda item: item.name) == [
        LegacyMachine(ZONE, "by-label", "RUNNING"),
        LegacyMachine(ZONE, "by-metadata", "RUNNING"),
    ]
    listing = "notebooks.projects.locations.instances.list"
    control.fault(method=listing, kind="unreachable", place="us-east1-b")
    look = facts.look(ours)
    assert (look.notebooks, look.legacy, look.unreachable) == ((), (), {"us-east1-b"})


def test_many_notebooks_are_read_page_by_page(control, facts):
    created = datetime(2026, 1, 1, tzinfo=UTC)
    control.load({NOTEBOOKS: [notebook(f"nb-{n:04}", [], created) for n in range(620)]})
    control.clear()
    look = facts.look(lambda _zone, name, _label: name.endswith("7"))
    assert len(look.notebooks) == 62
    counts = control.counts()
    assert counts["notebooks.projects.locations.instances.list"] == 2
    assert counts["notebooks.projects.locations.instances.checkUpgradability"] == 62


@pytest.mark.parametrize(
    ("setup", "family"),
    [
        ({"vmImage": {"family": "workbench-instances-2603"}}, "workbench-instances-2603"),
        ({"vmImage": {"imageId": "workbench-instances-2603-20260918-2130-rc0"}}, "workbench-instances-2603"),
        ({"vmImage": {"name": "workbench-instances-v20240613"}}, "workbench-instances"),
        ({"vmImage": {"name": "my-own-image"}}, ""),
        ({"containerImage": {"repository": "gcr.io/acme/lab"}}, "workbench-container-host"),
        ({}, ""),
    ],
)
def test_the_family_is_what_the_api_tells(setup, family):
    item = {"name": f"projects/p/locations/{ZONE}/instances/nb", "gceSetup": setup}
    check = documents.upgradability({"upgradeInfo": "whatever"})
    found = documents.notebook(item, check)
    assert found.family == family
    assert check == Upgradability(upgradable=False, version="", image="", message="whatever")
    assert found.container == ("gcr.io/acme/lab:latest" if "containerImage" in setup else "")


@pytest.mark.parametrize(
    "changed",
    [
        {"done": False},
        {"error": {"code": 9}},
        {"metadata": {"verb": "start"}},
        {"metadata": {"endTime": None}},
        {"metadata": {"target": "projects/p/locations/z"}},
    ],
)
def test_other_operations_are_no_samples(changed):
    operation = {
        "done": True,
        "metadata": {
            "createTime": "2026-11-01T00:00:00.123456789Z",
            "endTime": "2026-11-01T00:10:00Z",
            "target": "projects/p/locations/z/instances/nb",
            "verb": "upgrade",
        },
    }
    assert documents.sample(operation) is not None
    assert (
        documents.sample(
            operation | changed | {"metadata": operation["metadata"] | changed.get("metadata", {})}
        )
        is None
    )
