"""The live view, through Google's own client, against the sandbox over HTTP."""

import json
import urllib.request

import pytest

from notebook_provisioner.adapters.google.access_policies import scoped_policy
from notebook_provisioner.adapters.google.keys import key_exists
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.workbench import WorkbenchDirectory
from notebook_provisioner.core.errors import TargetUnreachable

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
PROJECT = "p-one"


@pytest.fixture(scope="module")
def post(connection):
    def send(path, body):
        request = urllib.request.Request(  # noqa: S310  # our own sandbox
            f"{connection.url}/{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {connection.token}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.load(answer)

    return send


@pytest.fixture(scope="module")
def target(connection, post):
    network = f"projects/{PROJECT}/global/networks/one"
    compute = f"compute/v1/projects/{PROJECT}"
    post(f"{compute}/global/networks", {"name": "one", "autoCreateSubnetworks": False})
    for name, zone, extra in (
        ("private", "europe-west1-b", {"disablePublicIp": True}),
        ("public", "us-central1-a", {}),
    ):
        region = zone.rsplit("-", 1)[0]
        subnet = {"name": region, "network": network, "ipCidrRange": f"10.0.{len(region)}.0/24"}
        post(f"{compute}/regions/{region}/subnetworks", subnet)
        body = {
            "instanceOwners": ["ana@example.com"],
            "labels": {"team": "one"},
            "gceSetup": {
                "machineType": "n1-standard-4",
                "acceleratorConfigs": [{"type": "NVIDIA_TESLA_T4", "coreCount": "2"}],
                "vmImage": {"project": "cloud-notebooks-managed", "family": "workbench-instances-2603"},
                "networkInterfaces": [
                    {
                        "network": network,
                        "subnet": f"projects/{PROJECT}/regions/{region}/subnetworks/{region}",
                    }
                ],
                "metadata": {"idle-timeout-seconds": "3600"},
                **extra,
            },
        }
        post(f"notebooks/v2/projects/{PROJECT}/locations/{zone}/instances?instanceId={name}", body)
    return Target(url=connection.url, token=connection.token)


def test_every_zone_is_listed_with_what_the_vm_adds(target):
    private, public = WorkbenchDirectory(target, PROJECT).list()
    assert (private.name, private.zone, private.state) == ("private", "europe-west1-b", "ACTIVE")
    assert private.owner == "ana@example.com"
    assert private.machine_type == "n1-standard-4"
    assert private.gpus == {"NVIDIA_TESLA_T4": 2}
    assert private.labels["team"] == "one"
    assert private.metadata["idle-timeout-seconds"] == "3600"
    assert private.external_ip is None
    assert private.internal_ip
    assert private.created is not None
    assert public.external_ip, "a notebook that was not told otherwise gets an address, and it shows"


def test_a_list_that_leaves_notebooks_out_is_an_error(target, post):
    rule = {"method": "notebooks.projects.locations.instances.list", "count": 1}
    post("sandbox/v1/faults", {**rule, "kind": "unreachable", "place": "us-east1-b"})
    with pytest.raises(TargetUnreachable, match="us-east1-b"):
        WorkbenchDirectory(target, PROJECT).list()


def test_a_project_without_notebooks_is_empty(target):
    assert WorkbenchDirectory(target, "p-two").list() == ()


def test_a_key_is_found_or_not(target, post):
    ring = f"projects/{PROJECT}/locations/europe-west1/keyRings"
    post(f"cloudkms/v1/{ring}?keyRingId=one", {})
    post(f"cloudkms/v1/{ring}/one/cryptoKeys?cryptoKeyId=key", {"purpose": "ENCRYPT_DECRYPT"})
    assert key_exists(target, f"{ring}/one/cryptoKeys/key")
    assert key_exists(target, f"{ring}/one")
    assert not key_exists(target, f"{ring}/one/cryptoKeys/other")
    assert not key_exists(target, f"{ring}/other")


def test_the_access_policy_of_a_project_is_found_by_its_scope_and_title(target, post):
    project = f"{target.endpoint('cloudresourcemanager')}/v3/projects/acme-notebooks"
    scope = Rest(target).read(project, {})["name"]
    numbers = {}
    for title, scopes in {"all": [], "nbp nbp_one": [scope], "other": ["projects/7"]}.items():
        body = {"parent": "organizations/12", "title": title, "scopes": scopes}
        numbers[title] = post("accesscontextmanager/v1/accessPolicies", body)["response"]["name"]
    found = scoped_policy(target, "12", "acme-notebooks", "nbp nbp_one")
    assert f"accessPolicies/{found}" == numbers["nbp nbp_one"]
    assert scoped_policy(target, "12", "acme-notebooks", "nbp nbp_two") is None, "it is somebody else's"
    assert scoped_policy(target, "12", "acme-other", "nbp nbp_one") is None
    assert scoped_policy(target, "13", "acme-notebooks", "nbp nbp_one") is None
    assert scoped_policy(target, "12", PROJECT, "nbp nbp_one") is None, "no project has such an id"


def test_a_sandbox_that_is_not_there_is_said():
    nowhere = Target(url="http://127.0.0.1:9", token="none")
    with pytest.raises(TargetUnreachable, match="no connection"):
        WorkbenchDirectory(nowhere, PROJECT).list()


def test_google_is_reached_under_its_own_names():
    assert Target().endpoint("compute") == "https://compute.googleapis.com"
    assert Target().endpoint("notebooks") == "https://notebooks.googleapis.com"


def test_missing_credentials_name_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(TargetUnreachable, match="no application default credentials") as failure:
        Target().credentials()
    assert "gcloud auth application-default login" in (failure.value.hint or "")
