"""Fleets of several projects in one sandbox: each with a file of its own, and snapshots to prune."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from snapshot_documents import FLEET, PROJECT, Control, project

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


class Elsewhere(Control):
    """The sandbox as it is asked for one project and fleet, which are another's in truth.

    Args:
        control: The sandbox.
        names: What stands in requests, and what in its place.
    """

    def __init__(self, control: Control, names: dict[str, str]) -> None:
        super().__init__(control.url, control.token)
        self._names = names

    def send(self, method: str, path: str, data: bytes | None, media_type: str) -> Any:
        """One call, about the other."""
        for name, other in self._names.items():
            path = path.replace(name, other)
            data = data and data.replace(name.encode(), other.encode())
        return super().send(method, path, data, media_type)


class Projects:
    """Projects ``acme-NAME``, each with the fleet NAME of *notebooks* with *each* upgrades behind them.

    Args:
        control: The sandbox.
        folder: Where the fleet files go.
        names: The fleets.
        now: The sandbox's time.
    """

    def __init__(
        self,
        control: Control,
        folder: Path,
        names: list[str],
        now: datetime,
        *,
        notebooks: int = 1,
        each: int = 4,
    ) -> None:
        self.control = control
        self.files: dict[str, str] = {}
        documents = json.dumps(project(notebooks, each, now))
        for name in names:
            mine = documents.replace(PROJECT, f"acme-{name}")
            mine = mine.replace(f'"nbp-fleet": "{FLEET}"', f'"nbp-fleet": "{name}"')
            control.load(json.loads(mine))
            self.files[name] = str(self.write(folder, name))

    def write(self, folder: Path, name: str, more: str = "") -> Path:
        """The fleet's file, with *more* at its end."""
        text = QUICKSTART.read_text("utf-8").replace(PROJECT, f"acme-{name}")
        path = folder / f"{name}.yaml"
        path.write_text(text.replace(f"name: {FLEET}", f"name: {name}", 1) + more, "utf-8")
        return path

    def snapshots(self, name: str) -> set[str]:
        """The snapshots of a project that are there."""
        page = self.control.ask("GET", f"compute/v1/projects/acme-{name}/global/snapshots?maxResults=500")
        return {item["name"] for item in page.get("items", ())}

    def options(self, *names: str) -> list[str]:
        """``--fleet`` for each; for all where none is named."""
        return [word for name in names or self.files for word in ("--fleet", self.files[name])]
