"""What is loaded is what Google's clients read: no field is lost, none is added."""

import json
from pathlib import Path

import proto
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import notebooks_v2
from google.protobuf import json_format

pytestmark = pytest.mark.network
HERE = Path(__file__).parent
REAL = HERE.parents[3] / "shared" / "data" / "gcpdiag"
# A dump of the project's own, shaped as the API answered in 2024; the real ones stay outside the repository.
FOLDERS = [HERE / "dump"] + ([REAL] if REAL.is_dir() else [])


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def dump(request, served):
    def read(part):
        [path] = [item for item in request.param.glob("notebooks2-*.json") if part in item.name]
        return json.loads(path.read_text())

    documents = {
        "notebooks": read("workbench-instances"),
        "instances": read("compute-instances-us-west1-a"),
        "disks": read("compute-instances-disks"),
    }
    counted = served.control(
        "POST", "load", {"notebooks": documents["notebooks"], "compute": documents["instances"]}
    )
    assert counted == {
        "loaded": len(documents["notebooks"]["instances"]) + len(documents["instances"]["items"])
    }
    served.control("POST", "load", {"compute": documents["disks"]})
    return documents


def as_json(message):
    """A client's message as JSON, as the wire has it."""
    return json_format.MessageToDict(proto.Message.pb(message))


def parsed(kind, document):
    """*document* as the client reads it from Google: through its message."""
    return json_format.MessageToDict(
        json_format.ParseDict(document, kind.pb(kind()), ignore_unknown_fields=True)
    )


def project_and_zone(document):
    parts = document["selfLink"].split("/")
    return {"project": parts[6], "zone": parts[8]}


def test_notebooks(dump, served):
    options = ClientOptions(api_endpoint=f"{served.url}/notebooks")
    client = notebooks_v2.NotebookServiceClient(
        credentials=AnonymousCredentials(), client_options=options, transport="rest"
    )
    documents = dump["notebooks"]["instances"]
    for document in documents:
        assert as_json(client.get_instance(name=document["name"])) == parsed(notebooks_v2.Instance, document)
    parent = f"{documents[0]['name'].rpartition('/locations/')[0]}/locations/-"
    names = {instance.name for instance in client.list_instances(parent=parent)}
    assert names == {document["name"] for document in documents}


def test_vms_and_disks(dump, served, compute_v1):
    for kind, message, client_kind in (
        ("instances", compute_v1.Instance, compute_v1.InstancesClient),
        ("disks", compute_v1.Disk, compute_v1.DisksClient),
    ):
        options = ClientOptions(api_endpoint=served.url)
        client = client_kind(credentials=AnonymousCredentials(), client_options=options, transport="rest")
        documents = dump[kind]["items"]
        listed = {item.name: as_json(item) for item in client.list(**project_and_zone(documents[0]))}
        assert listed == {document["name"]: parsed(message, document) for document in documents}


def test_raw_documents_come_back_byte_for_byte(dump, served):
    for document in (*dump["instances"]["items"], *dump["disks"]["items"]):
        path = document["selfLink"].removeprefix("https://www.googleapis.com/")
        status, read = served.ask("GET", path)
        assert (status, read) == (200, document)
    for document in dump["notebooks"]["instances"]:
        assert served.ask("GET", f"notebooks/v2/{document['name']}") == (200, document)
