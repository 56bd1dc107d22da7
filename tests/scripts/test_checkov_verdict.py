"""The counts that `make lint` prints of checkov, and what it does not let pass."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "scripts" / "checkov_verdict.py"
PLACE = "CKV_GCP_82 google_kms_crypto_key.this (terraform/modules/encryption/keys.tf:7)"


def check(result: dict[str, str]) -> dict[str, object]:
    return {
        "check_id": "CKV_GCP_82",
        "check_name": "Ensure KMS keys are protected from deletion",
        "check_result": result,
        "resource": "google_kms_crypto_key.this",
        "repo_file_path": "/terraform/modules/encryption/keys.tf",
        "file_line_range": [7, 23],
    }


def report(
    passed: int = 85, failed: int = 0, skips: tuple[str, ...] = (), unread: tuple[str, ...] = ()
) -> str:
    return json.dumps(
        {
            "results": {
                "failed_checks": [check({"result": "FAILED"})] * failed,
                "skipped_checks": [check({"result": "SKIPPED", "suppress_comment": why}) for why in skips],
                "parsing_errors": list(unread),
            },
            "summary": {
                "passed": passed,
                "failed": failed,
                "skipped": len(skips),
                "parsing_errors": len(unread),
                "checkov_version": "3.3.30",
            },
        }
    )


def verdict(document: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, PROGRAM]
    return subprocess.run(command, input=document, capture_output=True, text=True, check=False)


def test_the_counts_and_the_reasons_are_printed():
    outcome = verdict(report(skips=("it is derived",)))

    assert outcome.returncode == 0
    assert outcome.stdout.splitlines() == [
        "checkov 3.3.30: 85 passed, 0 failed, 1 skipped, 0 files not read",
        f"  skipped: {PLACE}: it is derived",
    ]


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (report(failed=1), f"failed: {PLACE}: Ensure KMS keys are protected from deletion"),
        (report(skips=("No comment provided",)), "write # checkov:skip=CKV_GCP_82:<why>"),
        (report(skips=("because", " ")), "write # checkov:skip=CKV_GCP_82:<why>"),
        (report(unread=("terraform/modules/network/dns.tf",)), "not read: terraform/modules/network/dns.tf"),
        (report(passed=0), "was anything checked?"),
        (json.dumps({"passed": 0, "failed": 0}), "nothing was checked"),
    ],
    ids=[
        "a failed check",
        "a skip without reason",
        "an empty reason",
        "an unread file",
        "no check",
        "no file",
    ],
)
def test_nothing_passes_silently(document: str, word: str):
    outcome = verdict(document)

    assert outcome.returncode == 1
    assert word in outcome.stderr
