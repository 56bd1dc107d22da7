"""Google's own Python clients over real HTTP, REST transport."""

import pytest
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import notebooks_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from sandbox_server import PROJECT, REGION, ZONE

pytestmark = pytest.mark.network
PARENT = f"projects/{PROJECT}/locations/{ZONE}"


@pytest.fixture
def compute(served):
    """Builds Compute's clients."""

    def build(kind):
        return kind(
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=served.url),
            transport="rest",
        )

    return build


@pytest.fixture
def notebooks(served):
    options = ClientOptions(api_endpoint=f"{served.url}/notebooks")
    return notebooks_v2.NotebookServiceClient(
        credentials=AnonymousCredentials(), client_options=options, transport="rest"
    )


@pytest.fixture
def network(compute, compute_v1):
    networks = compute(compute_v1.NetworksClient)
    resource = compute_v1.Network(name="net", auto_create_subnetworks=False)
    networks.insert(project=PROJECT, network_resource=resource).result()
    subnetworks = compute(compute_v1.SubnetworksClient)
    subnetwork = compute_v1.Subnetwork(name="sub", network="global/networks/net", ip_cidr_range="10.0.0.0/24")
    subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=subnetwork).result()


@pytest.fixture
def notebook(notebooks, network):  # noqa: ARG001 - asked for its effect
    setup = notebooks_v2.GceSetup(
        machine_type="n1-standard-8",
        disable_public_ip=True,
        accelerator_configs=[{"type_": "NVIDIA_TESLA_T4", "core_count": 1}],
        boot_disk={"disk_size_gb": 150, "disk_type": "PD_BALANCED"},
        vm_image={"project": "cloud-notebooks-managed", "name": "workbench-instances-v20240613"},
        network_interfaces=[
            {"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub", "nic_type": "GVNIC"}
        ],
        metadata={"idle-timeout-seconds": "3600"},
    )
    instance = notebooks_v2.Instance(gce_setup=setup, labels={"team": "x"})
    return notebooks.create_instance(parent=PARENT, instance=instance, instance_id="nb").result()


def test_notebooks_live_their_life(notebooks, notebook, compute, compute_v1):
    assert notebook.state == notebooks_v2.State.ACTIVE
    assert notebook.gce_setup.accelerator_configs[0].type_.name == "NVIDIA_TESLA_T4"
    assert [item.name for item in notebooks.list_instances(parent=f"projects/{PROJECT}/locations/-")] == [
        notebook.name
    ]
    assert notebooks.check_instance_upgradability({"notebook_instance": notebook.name}).upgradeable
    upgraded = notebooks.upgrade_instance({"name": notebook.name}).result()
    [entry] = upgraded.upgrade_history
    assert entry.action.name == "UPGRADE"
    snapshots = compute(compute_v1.SnapshotsClient)
    assert [item.name for item in snapshots.list(project=PROJECT)] == [entry.snapshot.rpartition("/")[2]]
    notebooks.rollback_instance({"name": notebook.name, "target_snapshot": entry.snapshot}).result()
    assert notebooks.stop_instance({"name": notebook.name}).result().state == notebooks_v2.State.STOPPED
    changed = notebooks_v2.Instance(name=notebook.name, gce_setup={"machine_type": "n1-standard-4"})
    mask = FieldMask(paths=["gce_setup.machine_type"])
    updated = notebooks.update_instance(instance=changed, update_mask=mask).result()
    assert updated.gce_setup.machine_type.endswith("n1-standard-4")
    notebooks.start_instance({"name": notebook.name}).result()
    notebooks.reset_instance({"name": notebook.name}).result()
    notebooks.delete_instance(name=notebook.name).result()
    with pytest.raises(exceptions.NotFound):
        notebooks.get_instance(name=notebook.name)


def test_a_failed_operation_is_raised(notebooks, notebook):
    changed = notebooks_v2.Instance(name=notebook.name, gce_setup={"metadata": {"title": "mine"}})
    with pytest.raises(exceptions.InvalidArgument, match='"title" is protected'):
        notebooks.update_instance(
            instance=changed, update_mask=FieldMask(paths=["gce_setup.metadata"])
        ).result()


def test_policies_of_notebooks(notebooks, notebook):
    policy = policy_pb2.Policy(
        bindings=[policy_pb2.Binding(role="roles/notebooks.runner", members=["user:a@b.c"])]
    )
    notebooks.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=notebook.name, policy=policy))
    read = notebooks.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=notebook.name))
    assert read.bindings == policy.bindings
    assert read.etag


def test_vms_through_compute(notebook, compute, compute_v1):  # noqa: ARG001 - asked for its effect
    instances = compute(compute_v1.InstancesClient)
    listed = {zone: scope for zone, scope in instances.aggregated_list(project=PROJECT) if scope.instances}
    assert list(listed) == [f"zones/{ZONE}"]
    vm = instances.get(project=PROJECT, zone=ZONE, instance="nb")
    assert vm.status == "RUNNING"
    items = [*vm.metadata.items, compute_v1.Items(key="a", value="b")]
    metadata = compute_v1.Metadata(fingerprint=vm.metadata.fingerprint, items=items)
    instances.set_metadata(project=PROJECT, zone=ZONE, instance="nb", metadata_resource=metadata).result()
    with pytest.raises(exceptions.PreconditionFailed):
        instances.set_metadata(project=PROJECT, zone=ZONE, instance="nb", metadata_resource=metadata)
    disks = compute(compute_v1.DisksClient)
    with pytest.raises(exceptions.BadRequest, match="already being used"):
        disks.delete(project=PROJECT, zone=ZONE, disk="nb-boot")


def test_snapshots_page_filter_and_sort(served, compute, compute_v1):
    documents = [
        {
            "name": f"s{number:03}",
            "sourceDisk": f"disk-{number % 2}",
            "creationTimestamp": f"2024-01-{number // 20 + 1:02}T00:00:00Z",
        }
        for number in range(100)
    ]
    served.control("POST", "load", {f"compute/projects/{PROJECT}/global/snapshots": documents})
    snapshots = compute(compute_v1.SnapshotsClient)
    assert len(list(snapshots.list({"project": PROJECT, "max_results": 30}))) == 100
    assert len(list(snapshots.list({"project": PROJECT, "filter": "sourceDisk=disk-1"}))) == 50
    assert (
        len(list(snapshots.list({"project": PROJECT, "filter": "(name eq s00.*) (sourceDisk ne disk-1)"})))
        == 5
    )
    newest = next(iter(snapshots.list({"project": PROJECT, "order_by": "creationTimestamp desc"})))
    assert newest.creation_timestamp.startswith("2024-01-05")
    with pytest.raises(exceptions.BadRequest, match="filter"):
        list(snapshots.list({"project": PROJECT, "filter": "name =="}))
    served.control("POST", "settings", {"operation_seconds": 0.5})
    try:
        # Not delete(): the operation that it returns asks compute.googleapis.com, whatever the endpoint.
        operation = snapshots.delete_unary(project=PROJECT, snapshot="s000")
        assert operation.status == compute_v1.Operation.Status.PENDING
        waited = compute(compute_v1.GlobalOperationsClient).wait(project=PROJECT, operation=operation.name)
        assert waited.status == compute_v1.Operation.Status.DONE
    finally:
        served.control("POST", "settings", {"operation_seconds": 0})
