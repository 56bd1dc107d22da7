"""Steps say what they need, and stand in an order that follows from it; facts are the network's own."""

import json
from pathlib import Path

import pytest

from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.catalog import endpoints
from notebook_provisioner.core.post_startup import read_steps

ROOT = Path(__file__).parents[3]
TEMPLATES = post_startup_templates()


def step(needs="[]", images="[debian-12]"):
    return (
        f"{{#\nwhy: It is needed.\nneeds: {needs}\nimages: {images}\nhardening: true\n#}}\nstep() {{ :; }}\n"
    )


def test_every_step_comes_after_what_it_needs():
    steps = read_steps(TEMPLATES)
    place = {step.id.text: index for index, step in enumerate(steps)}
    assert all(place[need] < place[step.id.text] for step in steps for need in step.needs)
    assert read_steps(dict(reversed(TEMPLATES.items()))) == steps


def test_every_step_defines_its_function():
    for one in read_steps(TEMPLATES):
        assert f"\n{one.function.text}() {{\n" in TEMPLATES[one.template]


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        ({"a.sh.j2": step("[b]"), "b.sh.j2": step("[a]")}, "need each other"),
        ({"a.sh.j2": step("[c]")}, "no such step"),
        ({"a.sh.j2": step(images="[cos]")}, "no such kind of image"),
        ({"a.sh.j2": "step_a() { :; }\n"}, "does not begin with a header"),
        ({"a.sh.j2": "{#\nwhy: It is needed.\n#}\n"}, "does not begin with a header"),
    ],
)
def test_a_header_that_is_not_right_is_refused(templates, message):
    with pytest.raises(ValueError, match=message):
        read_steps(templates)


def test_the_network_module_knows_the_same_names_and_addresses():
    path = ROOT / "terraform" / "modules" / "network" / "google_endpoints.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    assert [row["domain"] for row in facts["domains"]] == list(endpoints.DOMAINS)
    assert {vip: tuple(row["addresses"]) for vip, row in facts["vips"].items()} == endpoints.VIRTUAL_IPS
