"""Which leases of a job must not be held at a time."""

import pytest

from notebook_provisioner.core.leases import overlap


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "-1-of-8", True),
        ("-1-of-8", "", True),
        ("-1-of-8", "-2-of-8", False),
        ("-1-of-8", "-1-of-4", True),
        ("-1-of-8", "-3-of-4", True),
        ("", "-1-of-8.0b9e", False),  # how a run asks Cloud Storage for its time
        ("", "-of-another-kind", False),
    ],
)
def test_parts_of_one_number_have_nothing_in_common(one, other, expected):
    assert overlap("leases/prune", f"leases/prune{one}", f"leases/prune{other}") is expected


def test_the_same_lease_and_another_jobs_are_in_nobodys_way():
    assert not overlap("prune", "prune", "prune")
    assert not overlap("prune", "prune", "upgrade-1-of-8")
