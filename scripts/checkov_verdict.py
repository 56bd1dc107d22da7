"""Print what checkov counted over the Terraform code, and fail where it did not pass.

Reads the report of `checkov -o json` from standard input. The exit status is 0 only if something was checked,
nothing failed, every file was read, and each skip says why beside the resource that it is for.
"""

import json
import sys
from typing import Any

NO_REASON = ("", "No comment provided")
"""What checkov writes for `# checkov:skip=ID:` and for `# checkov:skip=ID`."""


def reason(check: dict[str, Any]) -> str:
    """Return why a check is skipped, or nothing where the author gave no reason."""
    comment = (check["check_result"].get("suppress_comment") or "").strip()
    return "" if comment in NO_REASON else comment


def place(check: dict[str, Any]) -> str:
    """Return check, resource and line as one phrase."""
    file, (line, _) = check["repo_file_path"].lstrip("/"), check["file_line_range"]
    return f"{check['check_id']} {check['resource']} ({file}:{line})"


def main() -> None:
    """Read the report, print the counts, the skips and what is wrong, and exit accordingly."""
    report = json.load(sys.stdin)
    results = report.get("results")
    if results is None:  # what checkov prints where it found nothing to check
        sys.exit("checkov: nothing was checked")
    summary = report["summary"]
    print(
        f"checkov {summary['checkov_version']}: {summary['passed']} passed, {summary['failed']} failed, "
        f"{summary['skipped']} skipped, {summary['parsing_errors']} files not read"
    )
    wrong = [f"failed: {place(check)}: {check['check_name']}" for check in results["failed_checks"]]
    wrong += [f"not read: {path}" for path in results["parsing_errors"]]
    for check in results["skipped_checks"]:
        if reason(check):
            print(f"  skipped: {place(check)}: {reason(check)}")
        else:
            remedy = f"write # checkov:skip={check['check_id']}:<why>"
            wrong.append(f"skipped with no reason: {place(check)}: {remedy}")
    if not summary["passed"]:
        wrong.append("nothing passed: was anything checked?")
    sys.exit("\n".join(f"  {line}" for line in wrong) or 0)


if __name__ == "__main__":
    main()
