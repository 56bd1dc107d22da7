"""The project's recycle bin for snapshots: a beta, with a permission of its own."""

from http import HTTPStatus
from typing import Final

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.core.snapshots.facts import RecycleBin

_NO_API: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.NOT_IMPLEMENTED}


def read(rest: Rest, project: str) -> RecycleBin:
    """What the bin keeps. Asked once: nothing hangs on it.

    The policy's shape is that of the discovery document compute.beta; none was seen.
    """
    url = f"{rest.target.endpoint('compute')}/compute/beta/projects/{project}/global/snapshotRecycleBinPolicy"
    try:
        policy = rest.send("GET", url)
        rules = [*policy.get("rules", {}).values(), *policy.get("systemRules", {}).values()]
        days = [int(rule.get("standardSnapshots", {}).get("retentionDurationDays", 0)) for rule in rules]
    except Refusal as error:
        return RecycleBin(None, "no API tells" if error.status in _NO_API else str(error))
    except NoAnswer as error:
        return RecycleBin(None, str(error))
    except (AttributeError, TypeError, ValueError) as error:
        return RecycleBin(None, f"the answer is not understood: {error}")
    return RecycleBin(max(days, default=0))
