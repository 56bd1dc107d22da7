"""Regions of Google Cloud, as its discovery documents name them for regional endpoints."""

from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

# The `endpoints` of all its documents; none lists the regions of Compute Engine itself.
SOURCE: Final = Source("https://github.com/googleapis/google-api-python-client", date(2026, 11, 22))

REGIONS: Final = frozenset(
    {
        "africa-south1",
        "asia-east1",
        "asia-east2",
        "asia-northeast1",
        "asia-northeast2",
        "asia-northeast3",
        "asia-south1",
        "asia-south2",
        "asia-southeast1",
        "asia-southeast2",
        "asia-southeast3",
        "asia-southeast4",
        "australia-southeast1",
        "australia-southeast2",
        "europe-central2",
        "europe-north1",
        "europe-north2",
        "europe-north3",
        "europe-southwest1",
        "europe-west1",
        "europe-west10",
        "europe-west12",
        "europe-west15",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west5",
        "europe-west6",
        "europe-west8",
        "europe-west9",
        "me-central1",
        "me-central2",
        "me-west1",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "northamerica-south1",
        "southamerica-east1",
        "southamerica-west1",
        "us-central1",
        "us-central2",
        "us-central6",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-east7",
        "us-south1",
        "us-west1",
        "us-west2",
        "us-west3",
        "us-west4",
        "us-west8",
    }
)
