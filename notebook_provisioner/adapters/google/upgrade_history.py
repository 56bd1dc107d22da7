"""The upgrade history in the Notebooks API's document of a notebook, turned into the core's facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notebook_provisioner.core.upgrade_history import UNSPECIFIED, HistoryEntry


def history(instance: Mapping[str, Any]) -> tuple[HistoryEntry, ...]:
    """The upgrade history in an instance's document, oldest first."""
    found = sorted(instance.get("upgradeHistory", ()), key=lambda entry: str(entry.get("createTime")))
    return tuple(map(_entry, found))


def moment(text: str | None) -> datetime | None:
    """A timestamp of the API's; None for one that is left out."""
    return datetime.fromisoformat(text) if text else None


def _entry(entry: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(
        action=entry.get("action", UNSPECIFIED),
        state=entry.get("state", "STATE_UNSPECIFIED"),
        created=moment(entry.get("createTime")),
        version=entry.get("version", ""),
        target_version=entry.get("targetVersion", ""),
        snapshot=entry.get("snapshot", "").rsplit("/", 1)[-1],
        image=entry.get("vmImage", ""),
    )
