"""The real gcloud agrees with ``nbp upgrade status`` about every notebook, on the sandbox."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from snapshot_documents import FLEET, PROJECT, ZONE, Control

from notebook_provisioner.sandbox.environment import for_gcloud

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.network,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is absent: its view is not checked"),
]
NBP = str(Path(sys.executable).with_name("nbp"))
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
COMPUTE = f"compute/v1/projects/{PROJECT}"
INSTANCES = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
IMAGES = {  # stopped, upgraded, current, of the other family
    "ana-research": "workbench-instances-v20240613",
    "ana-training": "workbench-instances-v20260420",
    "ben-research": "workbench-instances-2603-v20260712",
    "ben-training": "workbench-instances-2603-v20260419",
}


@pytest.fixture(scope="module")
def judged(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    control.ask("POST", f"{COMPUTE}/global/networks", {"name": "net", "autoCreateSubnetworks": False})
    network = f"projects/{PROJECT}/global/networks/net"
    subnet = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/24"}
    control.ask("POST", f"{COMPUTE}/regions/europe-west1/subnetworks", subnet)
    for name, image in IMAGES.items():
        setup = {
            "disablePublicIp": True,
            "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/europe-west1/subnetworks/sub"}],
            "vmImage": {"project": "cloud-notebooks-managed", "name": image},
            "metadata": {"idle-timeout-seconds": "3600"},
        }
        body = {"gceSetup": setup, "labels": {"nbp-fleet": FLEET}}
        control.ask("POST", f"{INSTANCES}?instanceId={name}", body)
    control.ask("POST", f"{INSTANCES}/ana-research:stop", {})
    control.ask("POST", f"{INSTANCES}/ana-training:upgrade", {})
    return connection


@pytest.fixture(scope="module")
def ours(home, judged):
    done = subprocess.run(
        [NBP, "upgrade", "status", "--format", "json"],
        env={**os.environ, "NBP_HOME": str(home), "NBP_FLEET": str(QUICKSTART)},
        capture_output=True,
        text=True,
        check=False,
    )
    del judged
    assert done.returncode in {0, 3}, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["data"]["notebooks"]}


@pytest.fixture(scope="module")
def gcloud(judged):
    environment = {**os.environ, **for_gcloud(judged, project=PROJECT)}

    def call(*command):
        done = subprocess.run(
            ["gcloud", "workbench", "instances", *command, f"--location={ZONE}", "--format=json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_both_know_the_same_notebooks(gcloud, ours):
    assert {item["name"].rpartition("/")[2] for item in gcloud("list")} == set(ours) == set(IMAGES)


@pytest.mark.parametrize("name", IMAGES)
def test_both_see_the_same_notebook(gcloud, ours, name):
    theirs, row = gcloud("describe", name), ours[name]
    setup = theirs["gceSetup"]
    assert row["state"] == theirs["state"]
    assert row["version"] == setup["metadata"]["version"]
    assert row["image"].startswith(row["family"])
    assert str(int(row["idle_timeout_seconds"])) == setup["metadata"]["idle-timeout-seconds"]
    history = theirs.get("upgradeHistory", [])
    assert [(entry["action"], entry["state"], entry["target_version"]) for entry in row["history"]] == [
        (entry["action"], entry["state"], entry["targetVersion"]) for entry in history
    ]
    assert bool(row["last_upgrade"]) == bool(history)


@pytest.mark.parametrize("name", IMAGES)
def test_both_get_the_same_answer_about_upgrades(gcloud, ours, name):
    theirs, row = gcloud("check-instance-upgradability", name), ours[name]
    assert row["upgradable"] == theirs.get("upgradeable", False)
    assert (row["available_version"] or "") == theirs.get("upgradeVersion", "")
    assert (row["available_image"] or "") == theirs.get("upgradeImage", "")
    assert row["message"] == theirs["upgradeInfo"]
