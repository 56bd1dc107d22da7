"""``nbp snapshots`` as a program's user meets it, against the sandbox over real HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from snapshot_chaos import IN_PROCESS, run
from snapshot_documents import (
    NOTEBOOKS,
    PROJECT,
    SNAPSHOTS,
    ZONE,
    Control,
    claim,
    letters,
    notebook,
    project,
    snapshot,
)
from snapshot_processes import journal_path
from snapshot_promises import SEPARATE

from notebook_provisioner.adapters.google import rest
from notebook_provisioner.adapters.google.lease import BucketLease
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.journal import read
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.main import nbp as program
from notebook_provisioner.cli.prune_report import recycle_bin
from notebook_provisioner.core.snapshots.facts import RecycleBin

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
NBP = str(Path(sys.executable).with_name("nbp"))
FLEET = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    control.load(project(2, 4, datetime.now(UTC)))
    control.clear()
    return control


@pytest.fixture
def nbp(home, control, monkeypatch):
    del control
    monkeypatch.setenv("NBP_HOME", str(home))
    monkeypatch.setenv("NBP_FLEET", str(FLEET))

    def call(*arguments, status=0):
        done = subprocess.run([NBP, "snapshots", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return call


def data(done):
    return json.loads(done.stdout)["data"]


def test_list_says_whose_what_and_why(nbp, control):
    now = datetime.now(UTC)
    control.load(
        {
            SNAPSHOTS: [
                snapshot("by-hand", "nb-00000-boot", now - timedelta(days=9), 101),
                snapshot("nightly", "nb-00000-boot", now - timedelta(days=9), 102, autoCreated=True),
                snapshot("backup", "ben-research-boot", now - timedelta(days=95), 105),
                snapshot(
                    "left",
                    "ben-research-boot",
                    now - timedelta(days=95),
                    103,
                    labels=claim("ben-research"),
                ),
                snapshot("database", "db-boot", now - timedelta(days=900), 104),
            ]
        }
    )
    rows = {row["name"]: row for row in data(nbp("list", "--format", "json"))["snapshots"]}
    assert "database" not in rows
    assert {name: rows[name]["origin"] for name in ("by-hand", "nightly", "left", "backup")} == {
        "by-hand": "hand",
        "nightly": "schedule",
        "left": "orphan",
        "backup": "unclaimed",
    }
    oldest = rows[letters(1)]
    assert oldest["verdict"] == "delete"
    assert oldest["reasons"] == ["no rule keeps it"]
    assert oldest["age_days"] == 150
    assert oldest["usd_per_month"] == 0.65
    shown = nbp("list").stdout
    assert "12 snapshots, 120.0 GiB, about $7.80 a month" in shown
    assert "rollback point 1 of 2" in shown


def test_list_counts_what_nothing_ties_to_the_fleet_and_shows_it_when_asked(nbp, control):
    long_ago = datetime.now(UTC) - timedelta(days=900)
    control.load(
        {
            NOTEBOOKS: [notebook("theirs", [], long_ago, labels={"nbp-fleet": "another"})],
            SNAPSHOTS: [
                snapshot("database", "db-boot", long_ago, 101),
                snapshot("elsewhere", "theirs-boot", long_ago, 102),
            ],
        }
    )
    found = data(nbp("list", "--format", "json"))
    assert len(found["snapshots"]) == 8
    assert found["not_shown"] == [
        {"origin": origin, "snapshots": 1, "storage_bytes": 10 * 2**30, "usd_per_month": 0.65}
        for origin in ("foreign", "stray")
    ]
    assert "Not shown: 1 of origin stray, 10.0 GiB, about $0.65 a month; --origin stray" in nbp("list").stdout
    asked = data(nbp("list", "--origin", "stray", "--origin", "foreign", "--format", "json"))["snapshots"]
    assert {row["name"]: (row["origin"], row["verdict"]) for row in asked} == {
        "database": ("stray", "keep"),
        "elsewhere": ("foreign", "keep"),
    }
    assert "--former db" in asked[0]["reasons"][0] + asked[1]["reasons"][0]
    (named,) = data(nbp("list", "db", "--format", "json"))["snapshots"]
    assert named["name"] == "database"
    plan = data(nbp("prune", "--format", "json", status=3))
    assert (plan["fleet_snapshots"], plan["project_snapshots"]) == (8, 10)  # no share of what is not ours


def test_a_name_that_no_notebook_had_is_an_error(nbp, control):
    for command in (["list"], ["prune"], ["prune", "--yes"]):
        told = nbp(*command, "nb-0000", "nb-00001", status=1).stderr
        assert "no notebook nb-0000 in the fleet quickstart" in told
        assert "ana-training, ben-research, nb-00000, nb-00001" in told
    assert len(control.names()) == 8
    assert data(nbp("list", "ana-research", "--format", "json"))["snapshots"] == []  # in the fleet file


def test_a_dry_run_changes_nothing_and_ends_in_3(nbp, control):
    done = nbp("prune", status=3)
    assert "4 to keep, 4 to delete" in done.stdout
    assert len(control.names()) == 8
    assert data(nbp("prune", "--format", "json", status=3))["pending"] == 4


def test_one_snapshot_is_spoken_of_as_one(nbp, control):
    control.ask("POST", "sandbox/v1/reset", {})
    control.load(project(1, 1, datetime.now(UTC)))
    assert "\n1 snapshot, 10.0 GiB" in nbp("list").stdout
    assert "The fleet has 1 of the project's 1 snapshot: 1 to keep." in nbp("prune").stdout


def test_yes_deletes_and_the_second_time_there_is_nothing_to_do(nbp, control, home):
    done = data(nbp("prune", "--yes", "--format", "json"))
    assert {item["result"] for item in done["results"]} == {"deleted"}
    assert done["freed"] == {
        "bytes_at_most": 4 * 10 * 2**30,
        "bytes_measured": 4 * 10 * 2**30,
        "settled": True,
    }
    assert control.names() == {letters(n) for n in (3, 4, 7, 8)}
    assert data(nbp("prune", "--yes", "--format", "json"))["pending"] == 0
    journal = home / ".nbp" / "nbp-quickstart" / "quickstart-sandbox" / "snapshots-prune.jsonl"
    line = json.loads(journal.read_text().splitlines()[-1])
    assert (line["event"], line["result"], line["user"]) == ("outcome", "deleted", "sandbox@localhost")
    assert len(line["policy"]) == 12


def test_a_claim_proves_an_orphan_when_the_notebook_is_gone(nbp, control):
    dump = project(1, 4, datetime.now(UTC))
    for item in dump[SNAPSHOTS]:
        del item["labels"]
    backup = snapshot("backup", "nb-00000-boot", datetime.now(UTC) - timedelta(days=300), 105)
    control.ask("POST", "sandbox/v1/reset", {})
    control.load({**dump, SNAPSHOTS: [*dump[SNAPSHOTS], backup]})
    keep = ["--rollback-points", "4", "--format", "json"]
    dry = data(nbp("prune", *keep))
    assert (dry["pending"], dry["claims"]) == (0, 4)
    assert "keep, claim" in nbp("prune", "--rollback-points", "4").stdout
    done = data(nbp("prune", "--yes", *keep))
    assert [item["result"] for item in done["results"]] == ["claimed"] * 4
    assert data(nbp("prune", "--yes", *keep))["claims"] == 0
    left = list(control.items())
    control.ask("POST", "sandbox/v1/reset", {})
    control.load({SNAPSHOTS: left})
    rows = data(nbp("list", "--orphans-keep-within", "100d", "--format", "json"))["snapshots"]
    found = {row["name"]: (row["origin"], row["verdict"]) for row in rows}
    assert found == {
        letters(number): ("orphan", "delete" if number < 3 else "keep") for number in range(1, 5)
    }


def test_options_win_over_the_fleet_file(nbp):
    assert data(nbp("prune", "--rollback-points", "4", "--format", "json"))["pending"] == 0
    assert data(nbp("prune", "--keep-monthly", "3", "--format", "json", status=3))["pending"] == 2
    assert data(nbp("prune", "nb-00001", "--format", "json", status=3))["pending"] == 2


def test_a_label_that_keeps_can_be_named_besides_those_of_the_fleet_file(nbp, control):
    documents = project(2, 4, datetime.now(UTC))[SNAPSHOTS]
    oldest, second = documents[0], documents[1]
    oldest["labels"]["legal"] = "case-7"
    second["labels"]["hold"] = ""
    control.load({SNAPSHOTS: [oldest, second]})
    assert data(nbp("prune", "--format", "json", status=3))["pending"] == 3
    option = ["--keep-label", "legal", "--keep-label", "team"]
    rows = {row["name"]: row for row in data(nbp("list", *option, "--format", "json"))["snapshots"]}
    assert rows[oldest["name"]]["reasons"] == ["label legal"]
    assert rows[second["name"]]["reasons"] == ["label hold"]
    nbp("prune", "--yes", *option)
    assert {oldest["name"], second["name"]} <= control.names()
    assert len(control.names()) == 6
    assert "no label key" in nbp("prune", "--keep-label", "Legal", status=2).stderr


@pytest.mark.parametrize("command", ["list", "prune"])
def test_help_names_the_rules_that_it_does_not_list(nbp, command):
    told = nbp(command, "--help").stdout
    units = ("hourly", "daily", "weekly", "monthly", "yearly")
    named = [*(f"--keep-{unit}" for unit in units), "--keep-within-hourly", "--keep-within-yearly"]
    assert [option for option in named if option not in told] == []


def test_shards_share_the_work(nbp):
    parts = [nbp("list", "--shard", f"{part}/3", "--format", "json") for part in (1, 2, 3)]
    names = [row["name"] for part in parts for row in data(part)["snapshots"]]
    assert sorted(names) == sorted(letters(n) for n in range(1, 9))


def test_a_policy_that_keeps_nothing_is_refused(nbp, control):
    done = nbp("prune", "--yes", "--rollback-points", "0", "--format", "json", status=4)
    assert json.loads(done.stdout)["errors"][0]["code"] == "policy-refused"
    assert len(control.names()) == 8


def test_a_large_share_is_refused(nbp, control):
    control.load(project(4, 8, datetime.now(UTC)))
    assert "more than 50%" in nbp("prune", "--yes", status=4).stderr


@pytest.fixture
def at_google(home, control, connection, monkeypatch):
    """The sandbox in Google's place: its answers tell the time, and this machine's clock may be off."""

    def call(*arguments, off):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(minutes=off())

        class Google(App):
            def google_target(self):
                return Target(url=connection.url, token=connection.token)

        monkeypatch.setattr(rest, "datetime", Clock)
        command = ["--fleet", str(fleet), "--target", "google", "snapshots", *arguments, "--format", "json"]
        done = CliRunner().invoke(program, command, obj=Settings(app_type=Google))
        return done.exit_code, json.loads(done.stdout)

    fleet = home / "fleet.yaml"
    fleet.write_text(f"{FLEET.read_text()}\nstate: {{bucket: state-of-the-fleet, prefix: one}}\n")
    control.ask("POST", f"storage/v1/b?project={PROJECT}", {"name": "state-of-the-fleet"})
    monkeypatch.setenv("NBP_HOME", str(home))
    return call


@pytest.mark.parametrize("minutes", [0, 4, 7, -7])
def test_a_clock_that_is_not_googles_changes_nothing(control, at_google, minutes):
    right = abs(minutes) < 5
    status, listed = at_google("list", off=lambda: minutes)
    assert (status, "wrong-clock" in {item["code"] for item in listed["findings"]}) == (0, not right)
    status, pruned = at_google("prune", "--yes", off=lambda: minutes)
    assert (status, len(control.names())) == ((0, 4) if right else (4, 8))
    assert right or [item["code"] for item in pruned["errors"]] == ["wrong-clock"]


def test_a_clock_that_goes_wrong_when_the_plan_is_made_changes_nothing_more(control, at_google):
    def off():
        return 90 if control.counts().get("compute.snapshots.list") else 0

    status, pruned = at_google("prune", "--yes", off=off)
    assert (status, [item["code"] for item in pruned["errors"]]) == (1, ["clock-went-wrong"])
    assert (pruned["data"]["results"], len(control.names())) == ([], 8)


def test_wrong_words_are_said_with_the_right_ones(nbp):
    assert "--min-age" in nbp("prune", "--min-age", "3weeks", status=2).stderr
    assert "1/8" in nbp("prune", "--shard", "9/8", status=2).stderr
    assert "gs://BUCKET/OBJECT" in nbp("prune", "--due", "--lease", "s3://x", status=2).stderr


def test_a_failure_ends_in_1_and_is_partial(nbp, control):
    control.fault(method="compute.snapshots.delete", kind="failed-operation", status=400, count=1)
    done = nbp("prune", "--yes", "--format", "json", status=1)
    assert json.loads(done.stdout)["status"] == "partial"
    assert sorted(item["result"] for item in data(done)["results"]) == ["deleted"] * 3 + ["failed"]
    assert len(control.names()) == 5


def after(control, method, number, act):
    """Do something as soon as *method* was called so many times."""

    def wait():
        until = time.monotonic() + 120
        while control.counts().get(method, 0) < number and time.monotonic() < until:
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def forbid(control, method, *, since):
    control.fault(method=method, since=since, kind="status", status=403, reason="forbidden")


def test_what_was_done_is_told_when_it_cannot_be_measured(nbp, control):
    forbid(control, "compute.snapshots.list", since="compute.snapshots.delete")
    done = nbp("prune", "--yes", "--format", "json", status=1)
    told = json.loads(done.stdout)
    assert told["status"] == "partial"
    assert [item["result"] for item in told["data"]["results"]] == ["deleted"] * 4
    freed = told["data"]["freed"]
    assert (freed["bytes_at_most"], freed["bytes_measured"]) == (4 * 10 * 2**30, None)
    assert "403" in freed["not_measured"]
    assert "not-measured" in {finding["code"] for finding in told["findings"]}


def test_what_was_done_is_told_when_its_end_cannot_be_read(nbp, control):
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 1})
    forbid(control, "compute.snapshots.list", since="compute.snapshots.delete")
    done = nbp("prune", "--yes", "--format", "json", status=1)
    told = json.loads(done.stdout)
    assert (told["status"], told["errors"][0]["code"]) == ("error", "target-unreachable")
    assert [item["result"] for item in told["data"]["results"]] == ["pending"] * 4
    assert told["data"]["freed"]["not_measured"] == "the run ended early"


def test_a_lease_that_was_lost_while_reading_stops_the_run(nbp, control):
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
    control.fault(method="notebooks.*", kind="delay", seconds=2)
    insert = "upload/storage/v1/b/leases-of-one/o?uploadType=media&name=prune"

    def take_over():
        control.send("POST", insert, b"{}", "application/json")

    meddler = after(control, "storage.objects.insert", 1, take_over)
    done = nbp("prune", "--yes", "--lease", "gs://leases-of-one/prune", "--format", "json", status=1)
    meddler.join()
    told = json.loads(done.stdout)
    assert told["errors"][0]["code"] == "lease-lost"
    assert told["data"]["results"] == []
    assert len(control.names()) == 8


def test_a_dry_run_and_a_list_tell_that_nobody_knows_of_a_recycle_bin(nbp):
    for command in (["list"], ["prune"]):
        done = nbp(*command, "--format", "json", status=3 if command == ["prune"] else 0)
        (finding,) = json.loads(done.stdout)["findings"]
        assert (finding["code"], finding["severity"]) == ("recycle-bin", "note")
        why = "whether deleted snapshots stay in a recycle bin is not known: no API tells"
        assert finding["message"] == why


WORKBENCH_LIST = "notebooks.projects.locations.instances.list"


def claimed_by_a_run(nbp, control):
    """A fleet whose rollback points bear their claims, so that they could be taken for orphans."""
    nbp("prune", "--yes")
    control.ask("POST", "sandbox/v1/settings", {"advance": 400 * 86_400})
    return control.names()


@pytest.mark.parametrize("place", ["us-east1-b", "europe-west1", "-"])
def test_nothing_is_deleted_while_nobody_knows_which_notebooks_there_are(nbp, control, place):
    names = claimed_by_a_run(nbp, control)
    control.fault(method=WORKBENCH_LIST, kind="unreachable", place=place)
    done = nbp("prune", "--yes", "--max-share", "1", "--format", "json")
    assert control.names() == names
    assert data(done)["origins"] == {"unknown": len(names)}
    assert [finding["subject"] for finding in json.loads(done.stdout)["findings"]] == [place]


def test_a_list_that_leaves_notebooks_out_loses_no_rollback_point(nbp, control):
    names = claimed_by_a_run(nbp, control)
    control.fault(method=WORKBENCH_LIST, kind="unreachable", place=None)
    done = nbp("prune", "--yes", "--max-share", "1", "--format", "json")
    assert control.names() == names
    results = data(done)["results"]
    assert {(item["result"], item["message"]) for item in results} == {("skipped", "its notebook is back")}


def left_in(zone, name, number):
    """What a gone notebook in another zone left, claimed, and long ago."""
    disk = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{zone}/disks/gone-boot"
    long_ago = datetime.now(UTC) - timedelta(days=400)
    return snapshot(name, "x", long_ago, number, sourceDisk=disk, labels=claim("gone"))


def test_a_zone_that_falls_silent_in_the_middle_holds_back_its_own_snapshots_alone(nbp, control):
    control.load({SNAPSHOTS: [left_in("us-east1-b", "elsewhere", 201)]})
    control.fault(method=WORKBENCH_LIST, kind="unreachable", place=ZONE, since="compute.snapshots.list")
    done = nbp("prune", "--due", "--yes", "--max-share", "1", "--format", "json")
    results = {item["name"]: (item["result"], item["message"]) for item in data(done)["results"]}
    assert results.pop("elsewhere") == ("deleted", "")
    why = f"nobody knows whether its notebook is there: {ZONE} did not answer"
    assert set(results.values()) == {("skipped", why)}
    assert f"skipped: {letters(1)}: {why}" in done.stderr
    lines = [line for line in logged(done) if line.get("result") == "skipped"]
    assert {(line["severity"], why in line["message"]) for line in lines} == {("INFO", True)}
    assert len(lines) == 4


def test_a_notebook_that_cannot_be_read_in_the_middle_fails_its_own_snapshots_alone(nbp, control):
    control.load({SNAPSHOTS: [left_in(ZONE, "of-gone", 201)]})
    forbid(control, "notebooks.projects.locations.instances.get", since="compute.snapshots.list")
    done = nbp("prune", "--due", "--yes", "--max-share", "1", "--format", "json", status=1)
    assert json.loads(done.stdout)["status"] == "partial"
    results = {item["name"]: (item["result"], item["message"]) for item in data(done)["results"]}
    result, message = results.pop("of-gone")
    assert (result, "could not be read" in message, "403" in message) == ("failed", True, True)
    assert set(results.values()) == {("deleted", "")}
    (error,) = [line for line in logged(done) if line["severity"] == "ERROR"]
    assert error["snapshot"] == "of-gone"


def test_the_job_does_not_tell_every_night_that_it_cannot_know_of_a_recycle_bin(nbp):
    assert "recycle" not in nbp("prune", "--due", status=3).stderr
    done = nbp("prune", "--due", "--yes", "--format", "json")
    assert (len(data(done)["results"]), json.loads(done.stdout)["findings"]) == (4, [])
    known = RecycleBin(7)
    assert recycle_bin(known, as_job=True) == recycle_bin(known) != []


@pytest.mark.parametrize("command", ["list", "prune"])
def test_a_former_notebook_that_left_nothing_is_told(nbp, command):
    status = 3 if command == "prune" else 0
    done = nbp(command, "--former", "ben-reserach", "--former", "nb-00000", "--format", "json", status=status)
    found = [item for item in json.loads(done.stdout)["findings"] if item["code"] == "former-unseen"]
    assert [item["subject"] for item in found] == ["ben-reserach"]


def test_marks_come_first_where_there_is_a_grace(nbp, control):
    done = data(nbp("prune", "--yes", "--grace", "7d", "--format", "json"))
    assert {item["result"] for item in done["results"]} == {"marked"}
    assert data(nbp("prune", "--grace", "7d", "--format", "json"))["counts"]["wait"] == 4
    control.ask("POST", "sandbox/v1/settings", {"advance": 8 * 86_400})
    assert data(nbp("prune", "--grace", "7d", "--format", "json", status=3))["counts"]["delete"] == 4


def logged(done):
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_deletion_that_takes_its_time_is_no_error_and_one_that_fails_is_one(nbp, control, failing):
    """As at Google: the answer to a deletion is an operation that is not done."""
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 2})
    if failing:
        control.fault(method="compute.snapshots.delete", kind="failed-operation", status=400, count=failing)
    lines = logged(nbp("prune", "--due", "--yes", status=failing))
    final = [line for line in lines if line.get("final")]
    assert sorted(line["result"] for line in final) == ["deleted"] * (4 - failing) + ["failed"] * failing
    begun = [line for line in lines if line["event"] == "outcome" and not line["final"]]
    assert [line["result"] for line in begun] == ["pending"] * (4 - failing)
    errors = [line for line in lines if line["severity"] != "INFO"]
    assert errors == [line for line in final if line["result"] == "failed"]


def test_the_job_logs_who_did_what_why_and_by_which_rules(nbp):
    lines = logged(nbp("prune", "--due", "--yes"))
    assert lines[0]["event"] == "policy"
    outcomes = [line for line in lines if line["event"] == "outcome"]
    assert len(outcomes) == 4
    assert {line["severity"] for line in lines} == {"INFO"}
    assert {line["principal"] for line in lines} == {"sandbox@localhost"}
    assert all(line["reasons"] and line["user"] for line in outcomes)
    assert {line["policy"] for line in lines} == {lines[0]["policy"]}
    assert lines[0]["rules"]["rollback_points"] == 2


def test_who_deletes_is_known_where_the_answer_is_lost(nbp, control):
    control.fault(method="compute.snapshots.delete", kind="drop-after", count=1)
    lines = logged(nbp("prune", "--due", "--yes"))
    assert "" in {line["user"] for line in lines if line.get("result") == "deleted"}
    assert {line["principal"] for line in lines} == {"sandbox@localhost"}


def test_a_plan_tells_the_rules_behind_each_decision(nbp):
    plan = data(nbp("prune", "--keep-last", "3", "--format", "json", status=3))
    assert {item["policy"] for item in plan["plan"]} == set(plan["policies"])
    ((_, rules),) = plan["policies"].items()
    assert (rules["keep_last"], rules["min_age"], rules["keep_labels"]) == (3, "1d", ["hold"])


class Interrupted:
    """A run over sixty snapshots in a process of its own that gets signals after some deletions.

    Attributes:
        answer: Its JSON; None where it printed none.
        lines: The journal's.
        sent: How many deletions arrived at the sandbox.
    """

    def __init__(self, control, *numbers, delay=0.0, options=()):
        journal_path().unlink(missing_ok=True)
        control.ask("POST", "sandbox/v1/reset", {})
        control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 1})
        control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
        control.load(project(30, 4, datetime.now(UTC)))
        control.clear()
        control.fault(method="compute.snapshots.delete", kind="delay", seconds=delay)
        command = [NBP, "snapshots", "prune", "--yes", "--per-second", "5", "--format", "json", *options]
        process = subprocess.Popen(
            [*command, "--lease", "gs://leases-of-one/prune"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A suite that runs in the background ignores SIGINT, and its children would too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # one thread
        )
        for number in numbers:
            until = time.monotonic() + 120
            while control.counts().get("compute.snapshots.delete", 0) < 10 and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(number)
            time.sleep(0.2)
        told, self.talk = process.communicate(timeout=120)
        self.status = process.returncode
        self.answer = json.loads(told) if told else None
        self.lines = read(journal_path())
        self.sent = control.counts()["compute.snapshots.delete"]
        self.lease = control.ask("GET", "storage/v1/b/leases-of-one/o").get("items", [])

    def snapshots(self, event, **wanted):
        return sorted(
            line["snapshot"]
            for line in self.lines
            if line["event"] == event and wanted.items() <= line.items()
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_sends_nothing_more_and_tells_what_it_knows(nbp, control, number):
    del nbp
    run = Interrupted(control, number)
    assert (run.status, run.answer["errors"][0]["code"]) == (130, "interrupted")
    intended = run.snapshots("intent")
    assert 10 <= len(intended) == len(set(intended)) == run.sent < 60
    ended = run.snapshots("settled", final=True)
    assert ended == run.snapshots("outcome", final=False) == intended
    assert set(run.snapshots("outcome", final=True)) == set(run.snapshots("outcome", result="skipped"))
    results = {item["name"]: item["result"] for item in run.answer["data"]["results"]}
    assert len(results) == 60
    assert {name for name in results if results[name] != "skipped"} == set(intended)
    assert all(name in run.snapshots("settled", result=results[name]) for name in intended)
    assert run.answer["data"]["freed"]["not_measured"] == "the run ended early"
    assert run.lease == []


def test_the_job_that_is_told_to_end_says_so_once_and_gives_its_lease_back(nbp, control):
    del nbp
    run = Interrupted(control, signal.SIGTERM, options=["--due"])
    lines = [json.loads(line) for line in run.talk.splitlines() if line.startswith("{")]
    (error,) = [line for line in lines if line["severity"] == "ERROR" and "code" in line]
    assert (run.status, error["code"], run.lease) == (130, "interrupted", [])


def test_told_twice_it_does_not_wait_for_the_end_of_deletions_and_its_journal_still_knows_what_was_sent(
    nbp, control
):
    del nbp
    run = Interrupted(control, signal.SIGINT, signal.SIGINT, delay=2)
    assert (run.status, run.lease) == (130, [])
    intended = run.snapshots("intent")
    assert len(intended) == run.sent < 60
    assert set(intended) <= set(run.snapshots("outcome"))


def test_ctrl_c_in_a_dry_run_says_that_nothing_was_changed(nbp, control):
    del nbp
    control.fault(method="notebooks.*", kind="delay", seconds=3)
    with subprocess.Popen(
        [NBP, "snapshots", "prune"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # one thread
    ) as process:
        counted = "notebooks.projects.locations.instances.list"
        after(control, counted, 1, lambda: os.kill(process.pid, signal.SIGINT)).join()
        _, talk = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "nothing was changed: run the same command again" in talk


@pytest.mark.parametrize("slow", ["storage.objects.list", "notebooks.*"])  # takes its lease, or reads
def test_sigterm_ends_a_run_that_deletes_nothing_yet(nbp, control, slow):
    del nbp
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
    control.fault(method=slow, kind="delay", seconds=3)
    command = [NBP, "snapshots", "prune", "--yes", "--lease", "gs://leases-of-one/prune"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        after(control, "storage.objects.insert", 1, lambda: os.kill(process.pid, signal.SIGTERM)).join()
        _, talk = process.communicate(timeout=120)
    assert (process.returncode, "nothing was changed" in talk, len(control.names())) == (130, True, 8)
    assert control.ask("GET", "storage/v1/b/leases-of-one/o").get("items", []) == []


def test_two_jobs_never_overlap(nbp, control, connection):
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
    job = ["prune", "--due", "--yes", "--lease", "gs://leases-of-one/prune"]
    target = Target(url=connection.url, token=connection.token)
    with BucketLease(target, "leases-of-one", "prune"):
        assert "another run holds" in nbp(*job, status=4).stderr
        by_hand = ["prune", "--yes", "--lease", "gs://leases-of-one/prune"]
        assert "another run holds" in nbp(*by_hand, status=4).stderr
        assert "another run holds" in nbp(*by_hand, "--shard", "1/2", status=4).stderr
        nbp("prune", "--lease", "gs://leases-of-one/prune", status=3)  # looking is no overlap
        assert len(control.names()) == 8
    nbp(*job)
    assert len(control.names()) == 4


def test_what_a_real_upgrade_leaves_is_known_for_what_it_is(nbp, control):
    network = f"projects/{PROJECT}/global/networks/net"
    compute = f"compute/v1/projects/{PROJECT}"
    control.ask("POST", f"{compute}/global/networks", {"name": "net", "autoCreateSubnetworks": False})
    subnet = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/24"}
    control.ask("POST", f"{compute}/regions/europe-west1/subnetworks", subnet)
    place = f"projects/{PROJECT}/regions/europe-west1/subnetworks/sub"
    setup = {
        "disablePublicIp": True,
        "networkInterfaces": [{"subnet": place}],
        "vmImage": {"project": "cloud-notebooks-managed", "name": "workbench-instances-v20240613"},
    }
    instances = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
    control.ask("POST", f"{instances}?instanceId=ana-research", {"gceSetup": setup})
    control.ask("POST", f"{instances}/ana-research:upgrade", {})
    rows = [
        row for row in data(nbp("list", "--format", "json"))["snapshots"] if row["notebook"] == "ana-research"
    ]
    (row,) = rows
    assert (row["origin"], row["rollback_point"], row["verdict"]) == ("upgrade", True, "keep")
    assert "its last upgrade is younger than 7d" in row["reasons"]


@pytest.mark.parametrize(
    ("kind", "seed"),
    [*((kind, seed) for kind in IN_PROCESS for seed in range(3)), *((kind, 0) for kind in sorted(SEPARATE))],
)
def test_a_bad_day_breaks_no_promise(control, nbp, home, kind, seed):
    del nbp
    assert run(control, kind, seed, home).wrong == []
