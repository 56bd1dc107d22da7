"""The sandbox's simulated boot says what the real script says: same words, same order, same bytes."""

import datetime as dt
import json
from pathlib import Path

import pytest

from notebook_provisioner import __version__
from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core import post_startup
from notebook_provisioner.sandbox.server.guests import scripts, simulation
from notebook_provisioner.sandbox.server.guests.simulation import Fate, Outcome

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
URL = "gs://nbp-scripts/post-startup.sh"
STATUS = post_startup.STATUS_ATTRIBUTE


@pytest.fixture(scope="module")
def templates():
    return post_startup_templates()


def rendered(templates):
    path = ROOT / "examples" / "quickstart" / "fleet.yaml"
    fleet = fleet_file.parse(path.read_text(), file="quickstart", today=dt.datetime.now(dt.UTC).date())
    return post_startup.render(fleet.resolved_notebooks[0], fleet, templates, version=__version__).encode()


def real(new_machine, script):
    """What a boot in the lab wrote and showed."""
    report = new_machine().boot({"post-startup-script": URL}, objects={URL: script})
    return report.guest_attribute_writes, report.serial


def simulated(script, fate):
    """What a simulated boot writes and shows."""
    sayings = list(simulation.post_startup(scripts.parse(script), image="debian-12", fate=fate))
    said = [saying.at("2026-11-22T03:46:41Z") for saying in sayings]
    writes = [pair for saying in said for pair in saying.attributes]
    return writes, "\n".join(line for saying in said for line in saying.serial)


def statuses(writes):
    return [value for key, value in writes if key == STATUS]


def essence(value):
    """What must be equal: neither the run and the time, nor which steps found nothing to do."""
    told = json.loads(value)
    return {
        **{key: told[key] for key in told.keys() - {"run", "at", "steps", "line"}},
        "keys": list(told),
        "steps": [(step, "error" if word == "error" else "ended") for step, word in told["steps"].items()],
    }


def as_formatted(value, script):
    """The report's values through the simulation's formatter."""
    told = json.loads(value)
    steps = ",".join(f'"{step}":"{word}"' for step, word in told["steps"].items())
    return simulation.report(
        *(told["run"], told["state"], told["step"], told["line"], told["exit"]),
        *(scripts.parse(script), told["image"], steps, told["at"]),
    )


def announced(serial):
    return [line for line in serial.splitlines() if line.startswith("notebook-provisioner: {")]


def compare(told, imagined, script):
    (told_writes, told_serial), (imagined_writes, imagined_serial) = told, imagined
    assert [essence(value) for value in statuses(told_writes)] == [
        essence(value) for value in statuses(imagined_writes)
    ]
    for value in statuses(told_writes):
        assert as_formatted(value, script) == value
    for writes, serial in (told, imagined):
        final = [value for value in statuses(writes) if '"state":"RUNNING"' not in value]
        assert announced(serial) == [f"notebook-provisioner: {value}" for value in final]
    others = [[pair for pair in writes if pair[0] != STATUS] for writes in (told_writes, imagined_writes)]
    assert [pair for pair in others[0] if pair != simulation.C2D_COMPLETED] == others[1]
    assert simulation.C2D_COMPLETED in others[0]
    ends = [
        [line for line in serial.splitlines() if line.startswith("post-startup-script exit")]
        for serial in (told_serial, imagined_serial)
    ]
    assert ends[0] == ends[1]


@pytest.mark.usefixtures("lab")
def test_a_completed_run(new_machine, templates):
    script = rendered(templates)
    compare(real(new_machine, script), simulated(script, Fate()), script)


@pytest.mark.usefixtures("lab")
def test_a_failing_step(new_machine, templates):
    broken = templates["environment.sh.j2"].replace(
        "step_environment() {\n", "step_environment() {\n  (exit 3)\n"
    )
    script = rendered({**templates, "environment.sh.j2": broken})
    imagined = simulated(script, Fate(Outcome.ERROR, step="environment", exit_status=3))
    told = real(new_machine, script)
    compare(told, imagined, script)
    assert json.loads(statuses(told[0])[-1])["line"] == json.loads(statuses(imagined[0])[-1])["line"]


@pytest.mark.usefixtures("lab")
def test_a_script_that_was_changed(new_machine, templates):
    script = rendered(templates) + b"# more\n"
    told, imagined = real(new_machine, script), simulated(script, Fate())
    compare(told, imagined, script)
    assert json.loads(statuses(told[0])[-1])["line"] == json.loads(statuses(imagined[0])[-1])["line"]
