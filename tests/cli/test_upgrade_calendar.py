"""``nbp upgrade status`` and ``plan`` as a program's user meets them, against the sandbox over real HTTP."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from snapshot_documents import FLEET, PROJECT, ZONE, Control

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
NBP = str(Path(sys.executable).with_name("nbp"))
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
COMPUTE = f"compute/v1/projects/{PROJECT}"
INSTANCES = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
SUNDAY = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
OLD = "workbench-instances-v20240613"


@pytest.fixture(scope="module")
def control(connection):
    """The quickstart's fleet, seven weeks on; its own schedule found ana-research stopped every time."""
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0, "now": SUNDAY.timestamp()})
    control.ask("POST", f"{COMPUTE}/global/networks", {"name": "net", "autoCreateSubnetworks": False})
    subnet = {
        "name": "sub",
        "network": f"projects/{PROJECT}/global/networks/net",
        "ipCidrRange": "10.0.0.0/24",
    }
    control.ask("POST", f"{COMPUTE}/regions/europe-west1/subnetworks", subnet)

    def make(name, image, fleet=FLEET, **metadata):
        setup = {
            "disablePublicIp": True,
            "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/europe-west1/subnetworks/sub"}],
            "vmImage": {"project": "cloud-notebooks-managed", "name": image},
            "metadata": metadata,
        }
        body = {
            "gceSetup": setup,
            "labels": {"nbp-fleet": fleet},
            "instanceOwners": [f"{name.partition('-')[0]}@example.com"],
        }
        control.ask("POST", f"{INSTANCES}?instanceId={name}", body)

    schedule = {"idle-timeout-seconds": "10800", "notebook-upgrade-schedule": "0 2 * * SAT"}
    make("ana-research", OLD, **schedule)
    make("ana-training", OLD)
    make("ben-research", "workbench-instances-2603-v20260712")
    make("stranger", OLD, fleet="another")
    control.ask("POST", f"{INSTANCES}/ana-training:stop", {})
    control.ask("POST", "sandbox/v1/settings", {"advance": 49 * 86_400, "speed": 0.001})
    legacy = {
        "name": "old-umn",
        "zone": f"https://www.googleapis.com/{COMPUTE}/zones/{ZONE}",
        "labels": {"goog-caip-notebook": ""},
    }
    control.load({f"compute/projects/{PROJECT}/zones/{ZONE}/instances": [legacy]})
    return control


@pytest.fixture
def nbp(home, control, monkeypatch):
    del control
    monkeypatch.setenv("NBP_HOME", str(home))
    monkeypatch.setenv("NBP_FLEET", str(QUICKSTART))

    def call(*arguments, status):
        done = subprocess.run([NBP, "upgrade", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


def data(done):
    envelope = json.loads(done.stdout)
    assert envelope["schema"] == "nbp/1"
    return envelope["data"]


def test_status_shows_what_runs_what_there_is_and_that_the_schedule_never_fired(nbp):
    done = nbp("status", status=3)
    assert re.search(
        r"ana-research +STOPPED +workbench-instances +122 +m144 +748d +never +2027-03", done.stdout
    )
    assert re.search(r"ben-research +ACTIVE +workbench-instances-2603 +20260712 +- +0d", done.stdout)
    assert "stranger" not in done.stdout
    assert "has missed 7 windows since it was made [schedule-never-fires]" in done.stderr
    assert "old-umn: a former user-managed notebook" in done.stderr
    rows = {row["name"]: row for row in data(nbp("status", "--format", "json", status=3))["notebooks"]}
    assert set(rows) == {"ana-research", "ana-training", "ben-research"}
    ana = rows["ana-research"]
    assert (ana["state"], ana["last_upgrade"], ana["history"]) == ("STOPPED", None, [])
    assert (ana["upgradable"], ana["available_version"], ana["days_behind"]) == (True, "m144", 748)
    assert (ana["schedule"]["missed"], ana["schedule"]["verdict"]) == (7, "depends")
    assert ana["message"] == "A new image is available for upgrade. Backup user data before upgrading"
    assert rows["ben-research"]["message"] == "Current and latest available image are the same"
    assert rows["ana-training"]["state"] == "STOPPED"


def test_working_hours_make_it_sure(nbp, tmp_path, monkeypatch):
    text = QUICKSTART.read_text()
    assert "cadence: monthly" in text
    fleet = tmp_path / "fleet.yaml"
    hours = "    working_hours: Mon-Fri 09:00-17:30 Europe/London"
    fleet.write_text(text.replace("    cadence: monthly", f"    cadence: monthly\n{hours}", 1))
    monkeypatch.setenv("NBP_FLEET", str(fleet))
    (row,) = data(nbp("status", "ana-research", "--format", "json", status=3))["notebooks"]
    assert row["schedule"]["message"] == (
        "scheduled Sat 02:00 GMT, but idle shutdown after 180 min stops it before, every time: "
        "has missed 7 windows since it was made"
    )


def test_status_of_one_that_needs_nothing_ends_in_0(nbp):
    done = nbp("status", "ben-research", status=0)
    assert "1 notebook, 0 with something to upgrade to" in done.stdout
    assert "old-umn" not in done.stderr


def test_a_notebook_that_is_not_there_is_named(nbp, tmp_path, monkeypatch):
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(QUICKSTART.read_text() + "  - name: eli-research\n    owner: eli@example.com\n")
    monkeypatch.setenv("NBP_FLEET", str(fleet))
    done = nbp("status", "ben-research", "eli-research", status=3)
    assert "eli-research: there is no such notebook [absent]" in done.stderr
    assert "1 notebook, 0 with" in done.stdout


def test_a_plan_is_shown_and_changes_nothing(nbp, control):
    control.clear()
    done = nbp("plan", status=3)
    assert re.search(r"1, canary +ana-research +m144 +Sat 2027-01-16 02:00 GMT +60 min +06:00", done.stdout)
    assert re.search(r"2 +ana-training +m144 +Sat 2027-01-23 02:00 GMT +60 min +06:00 +1.0 h", done.stdout)
    assert "2 to upgrade in 2 waves until 2027-03-07. Not upgraded: 1 current, 1 legacy." in done.stdout
    assert all(
        method.rsplit(".", 1)[-1] in {"list", "aggregatedList", "checkUpgradability"}
        for method in control.counts()
    )


def test_a_plan_in_json_has_everything_that_a_run_needs(nbp):
    plan = data(nbp("plan", "--canary", "ana-training", "--soak", "8d", "--format", "json", status=3))
    first, second = plan["waves"]
    (canary,), (other,) = first["upgrades"], second["upgrades"]
    assert (canary["name"], canary["canary"], canary["impact"]) == ("ana-training", True, "restart")
    assert (canary["start_not_after"], canary["deadline"]) == (
        "2027-01-16T05:00:00+00:00",
        "2027-01-16T06:00:00+00:00",
    )
    assert canary["expected_minutes"] == 60
    assert other["start"] == "2027-01-30T02:00:00+00:00"
    assert {item["name"]: (item["why"], item["harmless"]) for item in plan["left_out"]} == {
        "ben-research": ("current", True),
        "old-umn": ("legacy", False),
    }


def test_files_for_calendars_and_browsers_are_written(nbp, tmp_path):
    ical, html = tmp_path / "upgrades.ics", tmp_path / "upgrades.html"
    done = nbp("plan", "--ical", str(ical), "--html", str(html), status=3)
    assert f"Wrote {ical}" in done.stderr
    events = Calendar.from_ical(ical.read_bytes()).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == [
        "Upgrade ana-research to m144",
        "Upgrade ana-training to m144",
    ]
    assert "ana-research" in html.read_text()


def test_wrong_words_are_said_with_the_right_ones(nbp, tmp_path):
    assert "--soak" in nbp("plan", "--soak", "3weeks", status=2).stderr
    assert "there are ana-research" in nbp("plan", "--canary", "anna", status=2).stderr
    nowhere = str(tmp_path / "no" / "x.html")
    assert f"{nowhere} cannot be written" in nbp("plan", "--html", nowhere, status=1).stderr
    assert "its notebooks: ana-research" in nbp("status", "anna", status=1).stderr
    assert "--parallelism" in nbp("plan", "--parallelism", "0", status=2).stderr


def test_a_plan_within_the_window_begins_at_once(nbp, control):
    control.ask(
        "POST",
        "sandbox/v1/settings",
        {"now": (SUNDAY + timedelta(days=47, hours=22, minutes=30)).timestamp()},
    )
    plan = data(nbp("plan", "--format", "json", status=3))
    started = datetime.fromisoformat(plan["waves"][0]["upgrades"][0]["start"])
    assert started == datetime.fromisoformat(plan["made"])
