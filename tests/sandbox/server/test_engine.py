"""What the engine does for every API: validation, errors, lists, operations, idempotency."""

import subprocess
import sys

import pytest
from sandbox_server import COMPUTE, NOTEBOOKS, Local

UNKNOWN = "Invalid JSON payload received. Unknown name"


def test_unknown_names_are_refused_in_googles_words_all_at_once(local):
    status, answer = local.ask(
        "POST", f"{NOTEBOOKS}?instanceId=nb", {"gceSetup": {"machinType": "x"}, "foo": 1}
    )
    assert status == 400
    assert answer["error"]["status"] == "INVALID_ARGUMENT"
    assert answer["error"]["message"].splitlines() == [
        f"{UNKNOWN} \"machinType\" at 'instance.gce_setup': Cannot find field.",
        f"{UNKNOWN} \"foo\" at 'instance': Cannot find field.",
    ]
    fields = [violation["field"] for violation in answer["error"]["details"][0]["fieldViolations"]]
    assert fields == ["instance.gce_setup", "instance"]


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ({"bootDisk": {"diskType": "PD_FAST"}}, "at 'instance.gce_setup.boot_disk.disk_type'"),
        ({"bootDisk": {"diskSizeGb": "big"}}, "at 'instance.gce_setup.boot_disk.disk_size_gb' (TYPE_INT64)"),
        ({"disablePublicIp": "true"}, "at 'instance.gce_setup.disable_public_ip' (TYPE_BOOL), \"true\""),
        ({"metadata": {"a": 1}}, "Invalid value at 'instance.gce_setup.metadata[a]' (TYPE_STRING), 1"),
        ({"tags": "a"}, "Proto field is repeating, cannot start list."),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(local, setup, message):
    status, answer = local.ask("POST", f"{NOTEBOOKS}?instanceId=nb", {"gceSetup": setup})
    assert status == 400
    assert message in answer["error"]["message"]


def test_unknown_query_parameters_are_refused_and_standard_ones_are_not(local):
    assert local.ask("GET", f"{NOTEBOOKS}?colour=red")[0] == 400
    assert (
        local.ask("GET", f"{NOTEBOOKS}?$alt=json;enum-encoding=int&fields=x&prettyPrint=false&page_size=3")[0]
        == 200
    )


def test_legacy_errors_carry_a_reason(local):
    status, answer = local.ask("GET", f"{COMPUTE}/global/networks/none")
    assert status == 404
    assert answer["error"]["errors"][0]["reason"] == "notFound"
    assert answer["error"]["message"] == "The resource 'projects/lab/global/networks/none' was not found"


def test_what_is_not_emulated_says_so(local):
    status, answer = local.ask("POST", f"{COMPUTE}/global/targetHttpProxies", {"name": "x"})
    assert (status, answer["error"]["message"]) == (
        501,
        "not emulated by the sandbox: compute.targetHttpProxies.insert",
    )


def test_output_only_fields_are_dropped_and_in_strict_mode_refused(local):
    body = {"name": "net", "autoCreateSubnetworks": False, "selfLink": "mine", "id": "7"}
    local.do("POST", f"{COMPUTE}/global/networks", body)
    assert local.do("GET", f"{COMPUTE}/global/networks/net")["selfLink"].startswith(
        "https://www.googleapis.com/"
    )
    assert local.engine.log.to_document()["ignoredFields"]["compute.networks.insert network.self_link"] == 1
    status, answer = local.ask(
        "POST", f"{COMPUTE}/global/networks", body | {"name": "other"}, x_sandbox_strict="true"
    )
    assert status == 400
    assert "Field 'network.self_link' is output only." in answer["error"]["message"]


def test_enum_numbers_are_those_of_the_client():
    import proto
    from google.cloud.notebooks_v2 import types

    from notebook_provisioner.sandbox.server.discovery import load
    from notebook_provisioner.sandbox.server.services.notebooks import SERVICE
    from notebook_provisioner.sandbox.server.validation import camel_case

    schemas = load("notebooks", "v2").schemas
    compared = 0
    for name, message in vars(types).items():
        if not (isinstance(message, type) and issubclass(message, proto.Message)) or name not in schemas:
            continue
        for field, description in message.meta.fields.items():
            declared = schemas[name]["properties"].get(camel_case(field), {}).get("enum")
            if description.enum is None or declared is None:
                continue
            numbers = SERVICE.enum_numbers.get(f"{name}.{camel_case(field)}") or dict(enumerate(declared))
            assert {item.value: item.name for item in description.enum}.items() <= numbers.items(), (
                name,
                field,
            )
            compared += 1
    assert compared >= 8


def test_request_id_makes_a_repeated_mutation_harmless(local):
    request = (
        f"{COMPUTE}/global/networks?requestId=11111111-1111-4111-8111-111111111111",
        {"name": "net", "autoCreateSubnetworks": False},
    )
    first = local.do("POST", *request)
    assert local.do("POST", *request)["name"] == first["name"]
    assert local.ask("POST", f"{COMPUTE}/global/networks", request[1])[0] == 409


def test_pages_are_ordered_complete_and_their_tokens_opaque(local):
    documents = [
        {"name": f"s{number:04}", "creationTimestamp": f"2024-01-01T00:00:{number % 60:02}Z"}
        for number in range(120)
    ]
    local.do_load("compute/projects/lab/global/snapshots", documents)
    seen, token = [], ""
    while True:
        page = local.do("GET", f"{COMPUTE}/global/snapshots?maxResults=50&pageToken={token}")
        seen += [item["name"] for item in page["items"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
        assert (
            local.ask("GET", f"{COMPUTE}/global/snapshots?maxResults=50&filter=name%3Ds*&pageToken={token}")[
                0
            ]
            == 400
        )
    assert seen == sorted(document["name"] for document in documents)
    newest = local.do("GET", f"{COMPUTE}/global/snapshots?maxResults=2&orderBy=creationTimestamp%20desc")
    assert [item["name"] for item in newest["items"]] == ["s0119", "s0059"]
    assert local.ask("GET", f"{COMPUTE}/global/snapshots?maxResults=501")[0] == 400
    assert local.ask("GET", f"{COMPUTE}/global/snapshots?orderBy=diskSizeGb")[0] == 400
    assert local.ask("GET", f"{COMPUTE}/global/snapshots?pageToken=zzz")[0] == 400


def test_iam_policies_need_the_current_etag(local):
    local.network()
    local.notebook()
    policy = local.do("GET", f"{NOTEBOOKS}/nb:getIamPolicy")
    policy["bindings"] = [{"role": "roles/notebooks.runner", "members": ["user:ana@example.com"]}]
    set_policy = local.do("POST", f"{NOTEBOOKS}/nb:setIamPolicy", {"policy": policy})
    assert set_policy["bindings"] == policy["bindings"]
    status, answer = local.ask("POST", f"{NOTEBOOKS}/nb:setIamPolicy", {"policy": policy})
    assert (status, answer["error"]["status"]) == (409, "ABORTED")
    asked = {"permissions": ["notebooks.instances.use"]}
    assert local.do("POST", f"{NOTEBOOKS}/nb:testIamPermissions", asked) == asked


def test_operations_take_their_time_and_survive_a_restart(tmp_path):
    sandbox = Local(tmp_path, operation_seconds=100)
    body = {"name": "net", "autoCreateSubnetworks": False}
    operation = sandbox.do("POST", f"{COMPUTE}/global/networks", body)
    path = f"{COMPUTE}/global/operations/{operation['name']}"
    assert operation["status"] == "PENDING"
    sandbox.moment += 20
    assert sandbox.do("GET", path)["status"] == "RUNNING"
    sandbox.engine.context.store.close()
    again = Local(tmp_path, operation_seconds=100)
    again.moment = sandbox.moment + 81
    assert again.do("GET", path)["status"] == "DONE"
    assert again.do("POST", f"{path}/wait")["progress"] == 100
    again.engine.context.store.close()


@pytest.mark.parametrize("place", ["zones/nowhere/instances", "regions/nowhere/subnetworks"])
def test_places_that_do_not_exist_are_not_found(local, place):
    assert local.ask("GET", f"{COMPUTE}/{place}")[0] == 404


def test_every_emulated_method_is_known_to_its_document(local):
    for service in local.engine.context.services.values():
        api = local.engine.context.apis[service.api, service.version]
        assert service.handlers.keys() <= api.methods.keys()
        collections = {method.resource for method in api.methods.values()}
        assert service.resources.keys() <= collections


def test_emulation_is_told_from_the_code(local):
    from notebook_provisioner.sandbox.server import emulation

    notebooks = emulation.describe(local.engine)["notebooks v2"]
    assert "notebooks.projects.locations.instances.upgrade" in notebooks["emulated"]
    assert notebooks["notEmulated"] == [
        "notebooks.projects.locations.instances.checkAuthorization",
        "notebooks.projects.locations.instances.generateAccessToken",
        "notebooks.projects.locations.operations.cancel",
    ]


def test_the_server_starts_without_clients_of_googles_fleets_and_templates():
    program = (
        "import sys, notebook_provisioner.sandbox.server.__main__ as main;"
        "main.app.all_services();"
        "heavy = ('google.', 'googleapiclient', 'jinja2', 'pydantic');"
        "found = [name for name in sys.modules if name.startswith(heavy)];"
        "sys.exit(', '.join(found) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
