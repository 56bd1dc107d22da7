"""The derived schema files: complete, of one origin, and with the facts that plans stand on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_provisioner.sandbox.provider import agreed, data_sources, schema, suppression
from notebook_provisioner.sandbox.provider.registry import definitions
from notebook_provisioner.sandbox.provider.schema import NestedBlock
from notebook_provisioner.sandbox.provider.values import UNKNOWN, decode, encode

REPOSITORY = Path(__file__).resolve().parents[3]
# Rules that the stand-in leaves out on purpose: without them a plan shows more than the real provider's.
LEFT_OUT = {
    "IpDiffSuppress",
    "diffSuppressEnableLogging",
    "emptyMavenConfigDiffSuppress",
    "upstreamPoliciesDiffSuppress",
}


def attributes(block, at=()):
    for name, member in block.members():
        yield (*at, name), member
        if isinstance(member, NestedBlock):
            yield from attributes(member.block, (*at, name))


def test_the_version_is_the_origins():
    origin = json.loads((schema.DIRECTORY / "origin.json").read_text())
    assert origin["provider"] == agreed.PROVIDER_VERSION


def test_every_type_has_a_handler_and_every_handler_a_type():
    assert set(schema.resource_types()) == definitions().keys()
    assert set(schema.data_source_types()) == data_sources._READERS.keys()


@pytest.mark.parametrize("type_name", schema.resource_types())
def test_rows_name_only_fields_that_are_there(type_name):
    known = {".".join(path) for path, _ in attributes(schema.resource_block(type_name))}
    named = {path.removesuffix("[]") for path in definitions()[type_name].row.fields}
    assert named <= known


def test_rules_are_known_or_left_out_on_purpose():
    named = {
        member.suppress.partition(":")[0]
        for type_name in schema.resource_types()
        for _, member in attributes(schema.resource_block(type_name))
        if member.suppress
    }
    special = {
        "EmptyOrDefaultStringSuppress",
        "WorkbenchInstanceMetadataDiffSuppress",
    }
    assert named - suppression.RULES.keys() - special == LEFT_OUT


# As in the provider's source: it forgets to replace a URL list whose location changes.
MOVED_IN_PLACE = {"google_network_security_url_lists", "google_project_iam_audit_config"}


@pytest.mark.parametrize("type_name", schema.resource_types())
def test_what_names_a_resource_replaces_it(type_name):
    block = schema.resource_block(type_name)
    for name in {"location", "region", "zone", "project"} & block.attributes.keys():
        attribute = block.attributes[name]
        assert attribute.force_new or attribute.output_only or type_name in MOVED_IN_PLACE


def test_conform_fills_and_drops():
    block = schema.resource_block("google_compute_subnetwork")
    value = block.conform({"name": "s", "log_config": [{"metadata": "X"}], "foreign": 1})
    assert value.keys() == block.empty().keys()
    assert value["log_config"][0]["flow_sampling"] is None
    assert value["timeouts"] is None


def test_numbers_travel_exactly():
    block = schema.resource_block("google_compute_subnetwork")
    sent = {"subnetwork_id": 7, "log_config": [{"flow_sampling": 0.3, "metadata": UNKNOWN}]}
    received = decode(encode(sent))
    assert received["log_config"][0]["flow_sampling"] == "0.3"
    assert block.with_numbers(received) == sent


@pytest.mark.skipif(
    not (os.environ.get("NBP_PROVIDER_WHEEL") and os.environ.get("NBP_PROVIDER_SOURCE")),
    reason="NBP_PROVIDER_WHEEL and NBP_PROVIDER_SOURCE name nothing to count against",
)
def test_the_files_are_what_their_sources_say(tmp_path):
    script = REPOSITORY / "scripts" / "extract_provider_schema.py"
    sources = [os.environ["NBP_PROVIDER_WHEEL"], os.environ["NBP_PROVIDER_SOURCE"]]
    subprocess.run([sys.executable, script, *sources, "--destination", tmp_path], check=True)
    derived = {file.relative_to(tmp_path): file.read_text() for file in tmp_path.rglob("*.json")}
    committed = {
        file.relative_to(schema.DIRECTORY): file.read_text() for file in schema.DIRECTORY.rglob("*.json")
    }
    assert committed == derived, f"regenerate: python {script} {' '.join(sources)}"
