"""Whether an image family is there is told as far as it is known."""

import pytest

from notebook_provisioner.catalog.images import SUPPORT_ENDS
from notebook_provisioner.core.errors import NotFound
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.upgrades.families import Family, check


def test_a_family_that_has_an_image_needs_no_word():
    assert check(Family("anything", "anything-v20270101")) == ()


def test_one_that_neither_google_nor_its_page_knows_is_not_there():
    with pytest.raises(NotFound) as refused:
        check(Family("nofam", ""))
    assert all(name in refused.value.hint for name in SUPPORT_ENDS)


@pytest.mark.parametrize(
    "family", [Family("workbench-instances", ""), Family("nofam", None, "403: no permission")]
)
def test_what_is_not_known_is_said_and_no_obstacle(family):
    (found,) = check(family)
    assert (found.code, found.severity) == ("upgrade-family-unknown", Severity.WARNING)
    assert (family.message or "Compute Engine finds none") in found.message
