"""Notebooks v2: the instance, the VM and disks behind it, its states and its history."""

import json
import re
from pathlib import Path

import pytest
from sandbox_server import COMPUTE, NOTEBOOKS, PROJECT, REGION, ZONE, Local

from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.notebooks import metadata

NB = f"{NOTEBOOKS}/nb"
VM = f"{COMPUTE}/zones/{ZONE}/instances/nb"
SYSTEM_LABELS = {"consumer-project-id", "consumer-project-number", "notebooks-product", "resource-name"}


@pytest.fixture
def notebook(local):
    local.network()
    local.notebook(metadata={"idle-timeout-seconds": "3600"})
    return local


def patch(local, mask, body):
    return local.do("PATCH", f"{NB}?updateMask={mask}", body)


def failed(local, method, path, body=None):
    """The error of an operation that starts and fails."""
    status, operation = local.ask(method, path, body)
    assert status == 200
    return operation["error"]


def test_creating_one_makes_a_vm_and_two_disks(notebook):
    instance = notebook.do("GET", NB)
    assert instance["state"] == "ACTIVE"
    assert instance["labels"].keys() == SYSTEM_LABELS
    vm = notebook.do("GET", VM)
    assert [disk["deviceName"] for disk in vm["disks"]] == ["boot", "data-workspace"]
    assert [disk["source"].rpartition("/")[2] for disk in vm["disks"]] == ["nb-boot", "nb-data-workspace"]
    assert vm["labels"] == instance["labels"]
    assert vm["tags"]["items"] == ["deeplearning-vm", "notebook-instance"]
    assert {item["key"]: item["value"] for item in vm["metadata"]["items"]} == instance["gceSetup"][
        "metadata"
    ]
    assert "accessConfigs" not in vm["networkInterfaces"][0]
    keys = instance["gceSetup"]["metadata"]
    assert {
        "proxy-url",
        "proxy-mode",
        "notebooks-api",
        "notebooks-api-version",
        "shutdown-script",
        "title",
    } <= keys.keys()
    assert keys["proxy-url"] == instance["proxyUri"]


def test_deleting_it_takes_everything_along_unless_protected(notebook):
    patch(notebook, "enable_deletion_protection", {"enableDeletionProtection": True})
    status, answer = notebook.ask("DELETE", NB)
    assert (status, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
    patch(notebook, "enable_deletion_protection", {"enableDeletionProtection": False})
    notebook.do("DELETE", NB)
    assert notebook.ask("GET", NB)[0] == notebook.ask("GET", VM)[0] == 404
    assert "items" not in notebook.do("GET", f"{COMPUTE}/zones/{ZONE}/disks")


@pytest.mark.parametrize("value", ["0", "599", "86401", "never"])
def test_the_idle_timeout_has_bounds(local, value):
    local.network()
    with pytest.raises(AssertionError, match="between 600 and 86400"):
        local.notebook(metadata={"idle-timeout-seconds": value})


def test_protected_metadata_fails_the_operation_and_nothing_changes(notebook):
    before = notebook.do("GET", NB)["gceSetup"]["metadata"]
    error = failed(
        notebook,
        "PATCH",
        f"{NB}?updateMask=gce_setup.metadata",
        {"gceSetup": {"metadata": {"title": "mine"}}},
    )
    assert error["code"] == 3
    assert 'metadata key "title" is protected by Workbench Notebooks' in error["message"]
    assert notebook.do("GET", NB)["gceSetup"]["metadata"] == before


def test_metadata_sent_back_whole_with_removed_keys_empty_is_what_remains(notebook):
    sent = notebook.do("GET", NB)["gceSetup"]["metadata"] | {
        "idle-timeout-seconds": "",
        "notebook-disable-root": "true",
    }
    patch(notebook, "gce_setup.metadata", {"gceSetup": {"metadata": sent}})
    expected = {key: value for key, value in sent.items() if key != "idle-timeout-seconds"}
    assert notebook.do("GET", NB)["gceSetup"]["metadata"] == expected
    items = notebook.do("GET", VM)["metadata"]["items"]
    assert {item["key"]: item["value"] for item in items} == expected


@pytest.mark.parametrize("merges", [True, False])
def test_system_keys_survive_either_reading_of_a_patch(merges):
    stored = {"title": "workbench", "a": "1", "b": "2"}
    assert metadata.patched(stored, {"a": "3"}, merges=merges) == (
        {"title": "workbench", "a": "3", "b": "2"} if merges else {"title": "workbench", "a": "3"}
    )
    with pytest.raises(ApiError):
        metadata.patched(stored, {"proxy-mode": "mail"}, merges=merges)


def test_hardware_changes_only_while_stopped(notebook):
    change = {"gceSetup": {"machineType": "e2-standard-8"}}
    status, answer = notebook.ask("PATCH", f"{NB}?updateMask=gce_setup.machine_type", change)
    assert (status, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
    notebook.do("POST", f"{NB}:stop")
    assert notebook.do("GET", VM)["status"] == "TERMINATED"
    patch(notebook, "gce_setup.machine_type", change)
    notebook.do("POST", f"{NB}:start")
    assert notebook.do("GET", VM)["machineType"].endswith("/e2-standard-8")
    assert notebook.do("GET", NB)["state"] == "ACTIVE"


def test_a_mask_outside_the_list_is_refused(notebook):
    for mask in ("gce_setup", "gce_setup.boot_disk", "state", "colour"):
        assert notebook.ask("PATCH", f"{NB}?updateMask={mask}", {})[0] == 400


def test_labels_replace_and_system_labels_stay(notebook):
    patch(notebook, "labels", {"labels": {"a": "b"}})
    patch(notebook, "labels", {"labels": {"c": "d", "a": ""}})
    labels = notebook.do("GET", NB)["labels"]
    assert labels.keys() == SYSTEM_LABELS | {"c"}
    assert notebook.do("GET", VM)["labels"] == labels


def test_an_upgrade_replaces_the_boot_disk_and_leaves_its_snapshot(notebook):
    boot = f"{COMPUTE}/zones/{ZONE}/disks/nb-boot"
    before = notebook.do("GET", boot)
    check = notebook.do("GET", f"{NB}:checkUpgradability")
    assert (check["upgradeable"], check["upgradeVersion"]) == (True, "m144")
    notebook.do("POST", f"{NB}:upgrade", {})
    [entry] = notebook.do("GET", NB)["upgradeHistory"]
    assert re.fullmatch(f"projects/{PROJECT}/global/snapshots/[a-z]{{12}}", entry["snapshot"])
    assert (entry["action"], entry["state"], entry["version"], entry["targetVersion"]) == (
        "UPGRADE",
        "SUCCEEDED",
        "122",
        "m144",
    )
    snapshot = notebook.do("GET", f"compute/v1/{entry['snapshot']}")
    assert snapshot["sourceDisk"].endswith("/nb-boot")
    assert snapshot["sourceDiskId"] == before["id"] != notebook.do("GET", boot)["id"]
    assert not notebook.do("GET", f"{NB}:checkUpgradability")["upgradeable"]
    assert notebook.do("GET", NB)["gceSetup"]["metadata"]["version"] == "144"

    notebook.do("POST", f"{NB}:rollback", {"targetSnapshot": entry["snapshot"]})
    instance = notebook.do("GET", NB)
    assert [item["action"] for item in instance["upgradeHistory"]] == ["UPGRADE", "ROLLBACK"]
    assert instance["gceSetup"]["metadata"]["version"] == "122"
    assert notebook.do("GET", boot)["sourceSnapshot"].endswith(entry["snapshot"])
    assert notebook.do("GET", f"{NB}:checkUpgradability")["upgradeable"]


def test_a_stopped_instance_is_not_upgraded(notebook):
    notebook.do("POST", f"{NB}:stop")
    status, answer = notebook.ask("POST", f"{NB}:upgrade", {})
    assert status == 400
    assert "invalid state STOPPED" in answer["error"]["message"]


def test_rollback_wants_a_snapshot_of_its_own_boot_disk(notebook):
    data = f"{COMPUTE}/zones/{ZONE}/disks/nb-data-workspace"
    notebook.do("POST", f"{data}/createSnapshot", {"name": "of-data"})
    for name in ("none", "of-data"):
        target = {"targetSnapshot": f"projects/{PROJECT}/global/snapshots/{name}"}
        assert notebook.ask("POST", f"{NB}:rollback", target)[0] == 400
    old = notebook.do("GET", data)["id"]
    notebook.do("POST", f"{NB}:restore", {"snapshot": {"projectId": PROJECT, "snapshotId": "of-data"}})
    assert notebook.do("GET", data)["id"] != old


def test_disks_grow_and_never_shrink(notebook):
    notebook.do("POST", f"{NB}:resizeDisk", {"dataDisk": {"diskSizeGb": "200"}})
    assert notebook.do("GET", NB)["gceSetup"]["dataDisks"][0]["diskSizeGb"] == "200"
    assert notebook.do("GET", f"{COMPUTE}/zones/{ZONE}/disks/nb-data-workspace")["sizeGb"] == "200"
    assert notebook.ask("POST", f"{NB}:resizeDisk", {"dataDisk": {"diskSizeGb": "150"}})[0] == 400


def test_the_guests_report_of_idleness_stops_it(notebook):
    notebook.do("POST", f"{NB}:reportInfoSystem", {"vmId": "jwt", "event": {"type": "IDLE"}})
    assert notebook.do("GET", NB)["state"] == "STOPPED"


def test_the_guests_report_of_health_is_shown(notebook):
    event = {"type": "HEALTH", "details": {"system_health": "-1", "jupyterlab_status": "-1"}}
    notebook.do("POST", f"{NB}:reportInfoSystem", {"vmId": "jwt", "event": event})
    assert notebook.do("GET", NB)["healthState"] == "UNHEALTHY"


def test_lists_go_over_all_zones(notebook):
    other = f"notebooks/v2/projects/{PROJECT}/locations/{REGION}-c/instances?instanceId=two"
    body = {
        "gceSetup": {
            "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"}]
        }
    }
    notebook.do("POST", other, body)
    listed = notebook.do("GET", f"notebooks/v2/projects/{PROJECT}/locations/-/instances?pageSize=1")
    assert [item["name"].rpartition("/")[2] for item in listed["instances"]] == ["nb"]
    rest = notebook.do(
        "GET", f"notebooks/v2/projects/{PROJECT}/locations/-/instances?pageToken={listed['nextPageToken']}"
    )
    assert [item["name"].rpartition("/")[2] for item in rest["instances"]] == ["two"]
    filtered = notebook.do(
        "GET", f"notebooks/v2/projects/{PROJECT}/locations/-/instances?filter=labels.resource-name%3Dtwo"
    )
    assert len(filtered["instances"]) == 1


def test_one_operation_at_a_time_and_states_between(tmp_path):
    sandbox = Local(tmp_path, operation_seconds=60)
    sandbox.network()
    sandbox.moment += 61
    sandbox.notebook()
    assert sandbox.do("GET", NB)["state"] == "PROVISIONING"
    status, answer = sandbox.ask("POST", f"{NB}:stop")
    assert (status, answer["error"]["message"].startswith("Unable to queue the operation")) == (409, True)
    sandbox.moment += 61
    assert sandbox.do("GET", NB)["state"] == "ACTIVE"
    states = []
    for verb in ("upgrade", "stop", "start"):
        sandbox.do("POST", f"{NB}:{verb}", {})
        states.append(sandbox.do("GET", NB)["state"])
        sandbox.moment += 61
        states.append(sandbox.do("GET", NB)["state"])
    assert states == ["UPGRADING", "ACTIVE", "STOPPING", "STOPPED", "STARTING", "ACTIVE"]
    sandbox.engine.context.store.close()


def test_container_images_and_gpus_reach_the_vm(local):
    local.network()
    local.do(
        "POST",
        f"{NOTEBOOKS}?instanceId=nb",
        {
            "instanceOwners": ["ana@example.com"],
            "gceSetup": {
                "machineType": "n1-standard-8",
                "acceleratorConfigs": [{"type": 5, "coreCount": 1}],
                "containerImage": {"repository": "europe-docker.pkg.dev/p/r/image", "tag": "v1"},
                "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"}],
            },
        },
    )
    keys = local.do("GET", NB)["gceSetup"]["metadata"]
    assert (keys["container"], keys["proxy-mode"], keys["proxy-user-mail"]) == (
        "europe-docker.pkg.dev/p/r/image:v1",
        "mail",
        "ana@example.com",
    )
    vm = local.do("GET", VM)
    assert vm["guestAccelerators"][0]["acceleratorType"].endswith("/nvidia-tesla-t4")
    assert vm["scheduling"]["onHostMaintenance"] == "TERMINATE"
    assert vm["networkInterfaces"][0]["accessConfigs"][0]["natIP"].startswith("203.0.113.")


def test_a_schedule_on_the_data_disk_comes_and_goes(notebook):
    schedule = {
        "name": "daily",
        "snapshotSchedulePolicy": {"schedule": {"dailySchedule": {"daysInCycle": 1, "startTime": "04:00"}}},
    }
    notebook.do("POST", f"{COMPUTE}/regions/{REGION}/resourcePolicies", schedule)
    data = f"{COMPUTE}/zones/{ZONE}/disks/nb-data-workspace"
    for policies in ([f"projects/{PROJECT}/regions/{REGION}/resourcePolicies/daily"], []):
        body = {"gceSetup": {"dataDisks": [{"resourcePolicies": policies}]}}
        patch(notebook, "gce_setup.data_disks.resource_policies", body)
        attached = notebook.do("GET", data).get("resourcePolicies", [])
        assert [link.partition("/v1/")[2] for link in attached] == policies
        assert notebook.do("GET", NB)["gceSetup"]["dataDisks"][0]["diskSizeGb"] == "100"


def test_a_loaded_notebook_is_operated_like_any_other(local):
    folder = Path(__file__).parent / "dump"
    for part, place in (("workbench", "notebooks"), ("instances-us", "compute"), ("disks", "compute")):
        [path] = folder.glob(f"*{part}*.json")
        document = json.loads(path.read_text())
        local.do_load(place, document.get("instances") or document["items"])
    name = "notebooks/v2/projects/dump-project/locations/us-west1-a/instances/research"
    local.do("POST", f"{name}:upgrade", {})
    assert [entry["targetVersion"] for entry in local.do("GET", name)["upgradeHistory"]] == ["m122", "m144"]
    local.do("PATCH", f"{name}?updateMask=labels", {"labels": {"a": "b"}})
    local.do("POST", f"{name}:stop")
    local.do("DELETE", name)
    assert local.ask("GET", "compute/v1/projects/dump-project/zones/us-west1-a/instances/research")[0] == 404


def test_a_broken_effect_fails_its_operation_and_nothing_else(tmp_path, caplog):
    sandbox = Local(tmp_path, operation_seconds=10)
    sandbox.network()
    sandbox.moment += 11
    sandbox.notebook()
    context = sandbox.engine.context
    context.register("notebooks.v2.provisioned", lambda _context, _arguments: 1 // 0)
    sandbox.moment += 11
    instance = sandbox.do("GET", NB)
    assert instance["state"] == "PROVISIONING"
    operations = sandbox.do("GET", f"{NOTEBOOKS.rpartition('/')[0]}/operations")["operations"]
    assert operations[-1]["error"]["code"] == 13
    assert "provisioned broke" in caplog.text
    context.store.close()
