"""The script that the fleet file asks for, as a notebook should be pointed at it."""

import hashlib
import re
from typing import Final

from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.post_startup.facts import Wanted
from notebook_provisioner.core.post_startup.values import script_bucket

_FLEET_DIGEST: Final = re.compile(r"^# fleet-sha256: ([0-9a-f]{64})", re.MULTILINE)


def wanted_script(fleet: Fleet, notebook: str, script: str, *, version: str) -> Wanted:
    """What *script*, rendered for *notebook*, is called in the cloud.

    Args:
        fleet: The fleet.
        notebook: The notebook's name.
        script: The rendered script.
        version: The version of nbp that rendered it.
    """
    digest = hashlib.sha256(script.encode()).hexdigest()
    stated = _FLEET_DIGEST.search(script)
    return Wanted(
        # as the module script-bucket names the object
        uri=f"gs://{script_bucket(fleet)}/post-startup/{notebook}/{digest}.sh",
        sha256=digest,
        version=version,
        fleet_sha256=stated[1] if stated else "",
    )
