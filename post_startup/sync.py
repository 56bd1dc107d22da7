"""Copy the Jupyter home to the notebook's bucket once, and tell how it went.

Runs on the notebook as the Jupyter account, started by a timer: ``sync.py CONFIG``. Standard library alone,
and Python 3.9, which Debian 11 has. The copying is gcloud's, with the notebook's service account. The user of
the notebook could stop it or write a false report: it is for their own files' sake, and no control over them.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

METADATA = "http://{}/computeMetadata/v1/".format(
    os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
)
ATTRIBUTE = "instance/guest-attributes/notebook-provisioner/sync"
TRIES = 3
TIMEOUT_SECONDS = 20
BUSY = 75  # EX_TEMPFAIL of sysexits.h
NO_SUCH_PROGRAM = 127


def main(config: dict[str, Any]) -> int:
    """Copy, remember, tell; give the exit status.

    Args:
        config: ``notebook``, ``fleet``, ``project``, ``bucket`` (its name), ``home``, ``exclude`` (a regular
            expression over paths relative to home), ``delete`` (bool), ``stale_after_seconds``,
            ``limit_seconds``, ``gcloud`` (words), ``state`` (a folder of this account's), ``logging_url``.
    """
    state = Path(config["state"])
    with (state / "turn").open("w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another sync is at work; this one ends")
            return BUSY
        began = time.time()
        status = copy(config, state)
        report = told(config, remember(state / "times.json", began, succeeded=status == 0), began, status)
    print(json.dumps(report))
    heard = [tell(write_guest_attribute, report), tell(lambda words: write_log(config, words), report)]
    return status or int(not all(heard))


def copy(config: dict[str, Any], state: Path) -> int:
    """Run gcloud; its exit status, 124 where it was cut off (as timeout(1) has it)."""
    words = [*config["gcloud"], "storage", "rsync", "--recursive", "--quiet"]
    if config["delete"]:
        words.append("--delete-unmatched-destination-objects")
    flags = (
        state / "flags.json"
    )  # YAML reads JSON; a comma in the expression would part it on the command line
    flags.write_text(json.dumps({"--exclude": [config["exclude"]]}), encoding="utf-8")
    words += [f"--flags-file={flags}", f"{config['home']}", f"gs://{config['bucket']}"]
    # A configuration of its own: the user's own gcloud login and settings have no say.
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(state / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": config["project"],
    }
    try:
        return subprocess.run(words, check=False, env=environment, timeout=config["limit_seconds"]).returncode
    except subprocess.TimeoutExpired:
        return 124
    except OSError as error:
        print(f"{words[0]} cannot be started: {error}", file=sys.stderr)
        return NO_SUCH_PROGRAM


def remember(path: Path, now: float, *, succeeded: bool) -> dict[str, float]:
    """When the first try was, and the last success; both in seconds since 1970."""
    try:
        times = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        times = {}
    times.setdefault("first", now)
    if succeeded:
        times["success"] = now
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(times), encoding="utf-8")
    fresh.replace(path)
    return times


def told(config: dict[str, Any], times: dict[str, float], began: float, status: int) -> dict[str, Any]:
    """What is told; ``age_seconds`` counts from what the last success copied, so from its beginning."""
    now = time.time()
    age = now - times.get("success", times["first"])
    return {
        "notebook": config["notebook"],
        "fleet": config["fleet"],
        "bucket": config["bucket"],
        "result": "failed" if status else "ok",
        "stale": age > config["stale_after_seconds"],
        "at": instant(now),
        "last_success": instant(times["success"]) if "success" in times else "",
        "age_seconds": int(age),
        "exit": status,
        "seconds": int(now - began),
    }


def instant(seconds: float) -> str:
    """As RFC 3339 has it, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def tell(write: Any, report: dict[str, Any]) -> bool:  # noqa: ANN401  # a function of one report
    """Try a few times; whether somebody heard."""
    for number in range(TRIES):
        try:
            write(report)
        except (OSError, ValueError) as error:  # noqa: PERF203  # a network's time is longer
            print(f"not heard: {error}", file=sys.stderr)
            time.sleep(number)
        else:
            return True
    return False


def write_guest_attribute(report: dict[str, Any]) -> None:
    """Put the report where nbp reads it."""
    ask(METADATA + ATTRIBUTE, {"Metadata-Flavor": "Google"}, json.dumps(report).encode(), method="PUT")


def write_log(config: dict[str, Any], report: dict[str, Any]) -> None:
    """Write one entry (``entries.write`` of logging.v2), as the VM's service account."""
    token = json.loads(metadata("instance/service-accounts/default/token"))["access_token"]
    project = metadata("project/project-id")
    labels = {
        "project_id": project,
        "instance_id": metadata("instance/id"),
        "zone": metadata("instance/zone").rpartition("/")[2],
    }
    body = {
        "logName": f"projects/{project}/logs/notebook-provisioner-sync",
        "resource": {"type": "gce_instance", "labels": labels},
        "entries": [{"severity": "ERROR" if report["exit"] else "INFO", "jsonPayload": report}],
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    ask(f"{config['logging_url']}/v2/entries:write", headers, json.dumps(body).encode(), method="POST")


def metadata(path: str) -> str:
    """One value of the metadata server."""
    return ask(METADATA + path, {"Metadata-Flavor": "Google"}).decode()


def ask(url: str, headers: dict[str, str], body: bytes | None = None, *, method: str = "GET") -> bytes:
    """One HTTP request; an answer that is an error raises OSError."""
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  # addresses of our own
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
        content: bytes = answer.read()
    return content


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
