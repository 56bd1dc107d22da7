"""The catalogue against the documents that it was taken from."""

import json
import re
from datetime import date
from pathlib import Path
from typing import get_args

import googleapiclient.discovery_cache
import pytest

from notebook_provisioner.catalog import (
    controls,
    endpoints,
    google_public,
    images,
    labels,
    machines,
    metadata_keys,
    places,
)
from notebook_provisioner.catalog.provenance import Source
from notebook_provisioner.core.fleet import model, profile

ROOT = Path(__file__).parents[2]
DISCOVERY = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
GOOGLE_PUBLIC = json.loads(
    (ROOT / "notebook_provisioner" / "catalog" / "google_public.json").read_text(encoding="utf-8")
)
NOTEBOOKS = json.loads((DISCOVERY / "notebooks.v2.json").read_text(encoding="utf-8"))["schemas"]


def enum(schema, field):
    values = NOTEBOOKS[schema]["properties"][field]["enum"]
    return {value for value in values if not value.endswith("UNSPECIFIED")}


def rows():
    yield from (row.source for row in machines.ATTACHABLE_GPUS.values())
    yield from (row.source for row in machines.BUILT_IN_GPUS.values())
    yield from (row.source for row in machines.CONFIDENTIAL_SERIES.values())
    yield from (row.source for row in controls.CONTROLS.values())
    yield from metadata_keys.PROTECTED.values()
    yield from metadata_keys.ALLOWED.values()
    yield from (images.IMAGES, images.RELEASE_NOTES, labels.LIMITS)


def test_every_row_says_where_it_is_from():
    for source in rows():
        assert isinstance(source, Source)
        assert source.url.startswith("https://")
        assert source.read <= date(2026, 11, 30)


def test_the_format_has_the_apis_gpus_and_each_has_machines():
    assert set(get_args(profile.GpuType)) == enum("AcceleratorConfig", "type")
    known = machines.ATTACHABLE_GPUS.keys() | {row.type for row in machines.BUILT_IN_GPUS.values()}
    assert known == enum("AcceleratorConfig", "type")


def test_disk_types_and_confidential_types_are_the_apis():
    for disk in ("BootDisk", "DataDisk"):
        assert set(get_args(profile.DiskType)) <= enum(disk, "diskType")
    assert enum("ConfidentialInstanceConfig", "confidentialInstanceType") == {"SEV"}


def test_the_format_exempts_from_the_controls_that_allow_it():
    assert set(get_args(model.Control)) == {row.id for row in controls.CONTROLS.values() if row.exemptible}


def test_controls_are_complete():
    for key, row in controls.CONTROLS.items():
        assert row.id == key
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", key)
        assert row.severity in {"high", "medium"}
        assert row.why.endswith(".")
        assert row.title
        assert row.mappings.keys() <= controls.STANDARDS.keys()
        assert all(row.mappings.values())


def test_a_metadata_key_is_allowed_protected_or_typed():
    lists = (metadata_keys.ALLOWED, metadata_keys.PROTECTED, metadata_keys.TYPED)
    assert sum(map(len, lists)) == len(metadata_keys.KNOWN)
    for key in metadata_keys.KNOWN:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", key)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("workbench-instances-2603-20260918-2130-rc0", ("workbench-instances-2603", date(2026, 9, 18))),
        ("workbench-instances-2603-v20260712", ("workbench-instances-2603", date(2026, 7, 12))),
        ("workbench-instances-v20240613", ("workbench-instances", date(2024, 6, 13))),
        ("workbench-instances-2603-20261340-2130-rc0", None),
        ("our-own-image", None),
    ],
)
def test_image_names_tell_family_and_date(name, expected):
    assert images.family_and_date(name) == expected


def test_series():
    assert machines.series("n2d-standard-8") == "n2d"


def test_regions_are_those_of_the_discovery_documents():
    named = set()
    for path in DISCOVERY.glob("*.json"):
        endpoints = json.loads(path.read_text(encoding="utf-8")).get("endpoints", [])
        named |= {endpoint.get("location", "") for endpoint in endpoints}
    assert {place for place in named if re.fullmatch(r"[a-z]+-[a-z]+[0-9]{1,2}", place)} == places.REGIONS


def test_googles_public_domains_are_not_those_of_the_virtual_ip():
    assert not set(google_public.DOMAINS) & set(endpoints.DOMAINS)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", one) for one in google_public.DOMAINS)


def test_googles_public_side_says_where_it_is_from():
    assert GOOGLE_PUBLIC["what"].endswith(".")
    assert GOOGLE_PUBLIC["source"].startswith("https://docs.cloud.google.com/")
    assert date.fromisoformat(GOOGLE_PUBLIC["read"]) <= date(2026, 11, 30)
