"""The serial console, in the form that a real one had."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from notebook_provisioner.core.post_startup.console import Console, Download, read_console

REBOOTED = (Path(__file__).parent / "consoles" / "rebooted.txt").read_text("utf-8")
REPORT = (
    '{"run":"r1","state":"ERROR","step":"git","line":7,"exit":3,"version":"1","fleet_sha256":"","script_sha256":"",'
    '"image":"debian-12","steps":{ "git":"error"},"at":"2026-01-02T03:04:05Z"}'
)


def test_a_reboot_tells_the_flag_and_the_last_activity():
    found = read_console(REBOOTED)
    assert found.flag == "/root/google_vm_config.lock"
    assert found.c2d_finished
    assert found.last_activity == datetime(2024, 6, 25, 4, 35, 42, tzinfo=UTC)
    assert found.activity_seen == datetime(2024, 6, 25, 4, 55, 27, tzinfo=UTC)


def test_what_an_earlier_boot_said_counts_no_more():
    found = read_console(REBOOTED)
    assert found.download is None
    assert not found.cause


def test_a_line_that_ends_in_a_carriage_return_begins_a_boot_too():
    assert not read_console("notebook-provisioner: ERROR in step a: b\r\nBooting nb-1\r\n").cause


def test_nothing_says_nothing():
    assert read_console("") == Console()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("AccessDeniedException: 403 Request is prohibited by organization's policy.", Download.PERIMETER),
        ("403 ... vpcServiceControlsUniqueIdentifier: abc", Download.PERIMETER),
        ("AccessDeniedException: 403 sa@x does not have storage.objects.get access", Download.DENIED),
        ("CommandException: No URLs matched: gs://bucket/object", Download.MISSING),
        ("post-startup-script gs://b/o cannot be downloaded: HTTP 403: no access", Download.DENIED),
        ("post-startup-script gs://b/o cannot be downloaded: HTTP 404: not there", Download.MISSING),
        ("post-startup-script gs://bucket/object cannot be downloaded", Download.FAILED),
    ],
)
def test_a_failed_download_is_told_by_its_words(line, kind):
    found = read_console(f"{line}\r\npost-startup-script gs://bucket/object cannot be downloaded\r\n")
    assert found.download is kind
    assert found.download_line == line


def test_our_own_words_are_read():
    found = read_console(
        f"notebook-provisioner: ERROR in step git: no such branch\r\nnotebook-provisioner: {REPORT}\r\n"
    )
    assert found.cause == "git: no such branch"
    assert found.report.run == "r1"


def test_what_the_console_prints_cannot_drive_a_terminal():
    found = read_console(
        "notebook-provisioner: ERROR in step git: \x1b]0;title\x07\x1b[31mred\x1b[0m\u202e\r\n"
    )
    assert found.cause == "git: ]0;titlered"
