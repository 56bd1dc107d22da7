"""Estimates of what snapshots cost."""

import pytest

from notebook_provisioner.catalog.prices import snapshot_month


@pytest.mark.parametrize(
    ("locations", "usd"),
    [(("eu",), 0.65), (("europe-west1",), 0.5), (("us", "us-central1"), 0.65), ((), 0.65)],
)
def test_a_regions_storage_is_cheaper_than_a_multi_regions(locations, usd):
    assert snapshot_month(10 * 2**30, locations) == pytest.approx(usd)
