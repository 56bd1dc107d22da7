"""Tell outside how many kernels are at work, and how much space is left on the data disk.

Runs on the notebook as the Jupyter account, started by a timer: ``activity.py HOME``. Standard library alone,
and Python 3.9, which Debian 11 has. Jupyter answers on its loopback port without a token, as it does to the
image's own idle check. The user of the notebook could write a false report: it guards their own kernels.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from typing import Any

KERNELS = os.environ.get("NBP_JUPYTER", "http://127.0.0.1:8080") + "/api/kernels"
METADATA = "http://{}/computeMetadata/v1/".format(
    os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
)
ATTRIBUTE = "instance/guest-attributes/notebook-provisioner/activity"
TIMEOUT_SECONDS = 10
MIB = 1024 * 1024


def main(home: str) -> int:
    """Look and tell; gives the exit status. Where Jupyter does not answer, nothing is told: nobody knows."""
    try:
        kernels = ask(KERNELS)
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"Jupyter does not say which kernels there are: {error}", file=sys.stderr)
        return 1
    words = report(kernels, shutil.disk_usage(home).free, dt.datetime.now(dt.timezone.utc))
    print(words)
    try:
        tell(words)
    except (urllib.error.URLError, OSError) as error:
        print(f"the metadata server did not take the report: {error}", file=sys.stderr)
        return 1
    return 0


def report(kernels: list[dict[str, Any]], free: int, now: dt.datetime) -> str:
    """What is told, as JSON.

    Args:
        kernels: Jupyter's answer to ``/api/kernels``.
        free: Bytes left on the data disk.
        now: The present, with a time zone.
    """
    busy = sum(kernel.get("execution_state") == "busy" for kernel in kernels)
    told = {"kernels": len(kernels), "busy": busy, "data_free_mib": free // MIB}
    return json.dumps({**told, "at": now.isoformat(timespec="seconds")})


def ask(url: str) -> list[dict[str, Any]]:
    """The JSON at *url*, which is on this machine."""
    with opener().open(url, timeout=TIMEOUT_SECONDS) as answer:
        found = json.load(answer)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        message = "its answer is no list of kernels"
        raise ValueError(message)
    return found


def tell(words: str) -> None:
    """Write the guest attribute."""
    request = urllib.request.Request(  # noqa: S310  # http to the metadata server
        METADATA + ATTRIBUTE, data=words.encode(), headers={"Metadata-Flavor": "Google"}, method="PUT"
    )
    opener().open(request, timeout=TIMEOUT_SECONDS).close()


def opener() -> urllib.request.OpenerDirector:
    """Without the proxies that users' variables may name: both servers are this machine's own."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
