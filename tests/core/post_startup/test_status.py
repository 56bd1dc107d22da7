"""What is said of a notebook's script, fact by fact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.post_startup.console import Console, Download
from notebook_provisioner.core.post_startup.facts import Access, Facts, Guest, Instance, ScriptObject, Wanted
from notebook_provisioner.core.post_startup.reports import Report, State
from notebook_provisioner.core.post_startup.status import Verdict, diagnose, is_current

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WANTED = Wanted("gs://scripts/post-startup/nb/new.sh", "new", "2.0", "fleet")
INSTANCE = Instance(
    state="ACTIVE",
    metadata={"post-startup-script": WANTED.uri, "post-startup-script-behavior": "run_once"},
    service_account="nb@p.iam.gserviceaccount.com",
    created=NOW - 100 * HOUR,
    started=NOW - 10 * HOUR,
    replaced=None,
)
REPORT = Report(
    run="r",
    state=State.COMPLETE,
    step="end",
    line=0,
    exit=0,
    version="2.0",
    fleet_sha256="fleet",
    script_sha256="new",
    image="debian-12",
    steps={"account": "done"},
    at=NOW - 2 * HOUR,
)
FACTS = Facts("nb", "europe-west1-b", WANTED, INSTANCE, Guest(report=REPORT), NOW)


def judged(facts=FACTS, *, report=..., instance=None, **changed):
    """Verdict and codes, with some facts changed."""
    if report is not ...:
        facts = replace(facts, guest=replace(facts.guest, report=report))
    if instance is not None:
        facts = replace(facts, instance=replace(INSTANCE, **instance))
    found = diagnose(replace(facts, **changed))
    return found.verdict, [finding.code for finding in found.findings], found


def test_the_wanted_script_ran_to_its_end():
    verdict, codes, found = judged()
    assert (verdict, codes, found.age_seconds) == (Verdict.CURRENT, [], 7200)
    assert is_current(WANTED, INSTANCE, REPORT)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": "1.9"}, "nbp 1.9 rendered it, and this is 2.0"),
        ({"fleet_sha256": "x"}, "the fleet file says something else about this notebook now"),
        ({}, "a template changed since"),
    ],
)
def test_another_version_ran(changed, words):
    report = replace(REPORT, script_sha256="old", **changed)
    verdict, codes, found = judged(report=report)
    assert (verdict, codes) == (Verdict.OUTDATED, ["post-startup-outdated"])
    assert words in found.findings[0].message
    assert not is_current(WANTED, INSTANCE, report)


def test_a_failure_names_step_line_and_cause_and_says_what_done_is_worth():
    report = replace(REPORT, state=State.ERROR, step="git", line=71, exit=3)
    console = Console(report=report, cause="git: no such branch")
    guest = Guest(report=report, done=True)
    verdict, codes, found = judged(guest=guest, console=console)
    assert verdict is Verdict.FAILED
    assert codes == ["post-startup-failed", "post-startup-done-all-the-same"]
    assert found.findings[0].severity is Severity.ERROR
    assert "step git, line 71, with exit status 3; it said: git: no such branch" in found.findings[0].message


def test_words_of_another_run_are_not_its_cause():
    report = replace(REPORT, state=State.ERROR)
    console = Console(report=replace(report, run="other"), cause="git: no such branch")
    assert "said" not in judged(report=report, console=console)[2].findings[0].message


@pytest.mark.parametrize(
    ("changed", "instance", "verdict"),
    [
        ({"at": NOW - timedelta(minutes=5)}, {}, Verdict.RUNNING),
        ({"at": NOW - 2 * HOUR}, {}, Verdict.FAILED),
        ({"at": NOW - timedelta(minutes=5)}, {"started": NOW - timedelta(minutes=1)}, Verdict.FAILED),
        ({"at": NOW - timedelta(minutes=5)}, {"state": "STOPPED"}, Verdict.FAILED),
    ],
)
def test_a_run_that_began_is_running_or_was_cut_off(changed, instance, verdict):
    assert judged(report=replace(REPORT, state=State.RUNNING, **changed), instance=instance)[0] is verdict


def test_an_upgrade_takes_away_what_ran():
    verdict, codes, _ = judged(instance={"replaced": NOW - HOUR})
    assert (verdict, codes) == (Verdict.NEVER_RAN, ["post-startup-not-since-upgrade"])
    assert not is_current(WANTED, replace(INSTANCE, replaced=NOW - HOUR), REPORT)


def test_a_report_of_the_same_second_is_not_older_than_the_boot_disk():
    """Reports tell whole seconds, upgrade histories tell fractions."""
    replaced = REPORT.at + timedelta(milliseconds=900)
    assert judged(instance={"replaced": replaced})[0] is Verdict.CURRENT
    assert is_current(WANTED, replace(INSTANCE, replaced=replaced), REPORT)


def test_a_new_script_that_was_applied_and_not_yet_run_is_no_fault_of_the_metadata():
    assert judged(report=replace(REPORT, script_sha256="old"))[1] == ["post-startup-outdated"]
    old = {"metadata": {"post-startup-script": "gs://scripts/post-startup/nb/old.sh"}}
    codes = judged(report=replace(REPORT, script_sha256="old"), instance=old)[1]
    assert codes == ["post-startup-outdated", "post-startup-not-applied"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"script": ScriptObject(Access.MISSING)}, "post-startup-missing"),
        ({"script": ScriptObject(Access.FOUND, reader=False)}, "post-startup-denied"),
        ({"console": Console(download=Download.PERIMETER, download_line="403")}, "post-startup-perimeter"),
        ({"console": Console(download=Download.DENIED, download_line="403")}, "post-startup-denied"),
        ({"console": Console(download=Download.MISSING, download_line="404")}, "post-startup-missing"),
        ({"console": Console(download=Download.FAILED, download_line="?")}, "post-startup-unreadable"),
    ],
)
def test_a_script_that_cannot_be_had_says_why(changed, code):
    verdict, codes, _ = judged(report=None, **changed)
    assert (verdict, codes) == (Verdict.UNREADABLE, [code])


@pytest.mark.parametrize(
    "script", [None, ScriptObject(Access.FOUND, reader=None), ScriptObject(Access.DENIED, "we may not look")]
)
def test_what_we_may_not_see_accuses_nobody(script):
    assert judged(report=None, script=script)[:2] == (Verdict.NEVER_RAN, ["post-startup-never-ran"])


@pytest.mark.parametrize(
    "changed",
    [
        {"report": None, "instance": {"created": NOW - HOUR / 10}},
        {"instance": {"replaced": NOW - HOUR / 10}},  # its report is older
    ],
)
def test_a_new_boot_disk_gets_its_time(changed):
    assert judged(**changed)[:2] == (Verdict.RUNNING, ["post-startup-awaited"])


def test_silence_of_a_notebook_that_is_off_or_done_is_told_apart():
    off = judged(report=None, instance={"state": "STOPPED"})[2].findings[0].message
    done = judged(guest=Guest(done=True))[2].findings[0].message
    assert "unverified" in off
    assert "the image says DONE" in done


def test_attributes_that_nobody_may_read_leave_it_unknown():
    verdict, codes, _ = judged(guest=Guest(refused="GuestAttributes endpoint access is disabled."))
    assert (verdict, codes) == (Verdict.UNKNOWN, ["post-startup-unreported"])


def test_the_console_stands_in_for_attributes():
    verdict, _, found = judged(guest=Guest(refused="no"), console=Console(report=REPORT))
    assert (verdict, found.executed) == (Verdict.CURRENT, REPORT)


def test_content_in_place_of_a_uri_and_no_script_at_all():
    assert "post-startup-inline" in judged(instance={"metadata": {"post-startup-script": "#! /bin/bash"}})[1]
    assert "post-startup-not-set" in judged(instance={"metadata": {}})[1]


def test_a_notebook_that_does_not_come_up():
    health = {"notebooks_api_dns": "-1", "docker_status": "1"}
    young = {"state": "PROVISIONING", "started": NOW - timedelta(minutes=5), "created": NOW - HOUR}
    assert judged(instance=young)[0] is Verdict.CURRENT
    old = {"state": "PROVISIONING", "started": NOW - HOUR, "health_info": health}
    verdict, codes, found = judged(report=None, instance=old)
    assert (verdict, codes[0]) == (Verdict.STUCK, "post-startup-stuck")
    assert "for 60 minutes; unhealthy: notebooks_api_dns;" in found.findings[0].message


def test_no_notebook():
    verdict, codes, found = judged(replace(FACTS, instance=None, guest=Guest()))
    assert (verdict, codes, found.state) == (Verdict.ABSENT, ["post-startup-absent"], "ABSENT")
