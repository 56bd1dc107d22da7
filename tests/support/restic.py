"""Pairs of history and policy, decided by the real restic. Run as a program to record them as golden data."""

import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

RESTIC = shutil.which("restic")
SNAPSHOTS = 48
POLICIES = 32
HOSTS, TAGS = 6, 8  # histories by host and by tag: two ways to cut the same snapshots into histories
NEWEST = datetime(2025, 3, 31, 22, 15, tzinfo=UTC)  # a day that not every month has

_COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_SPANS = ("within", "within-hourly", "within-daily", "within-weekly", "within-monthly", "within-yearly")


def version() -> str:
    """The installed restic's, as in ``0.14.0``."""
    done = subprocess.run([str(RESTIC), "version"], capture_output=True, text=True, check=True)
    found = re.match(r"restic (\d+\.\d+\.\d+)", done.stdout)
    assert found, done.stdout
    return found[1]


def keeps_oldest(release: str) -> bool:
    """Whether restic's rules keep the oldest snapshot while a count is left: from 0.16.0 on (issue 3624)."""
    return tuple(map(int, release.split("."))) >= (0, 16, 0)


def moments(chance: random.Random) -> list[datetime]:
    """Moments without doubles: some minutes, some days, some months apart."""
    found, moment = [], NEWEST
    for _ in range(SNAPSHOTS):
        found.append(moment)
        step = chance.choice(
            [timedelta(minutes=50), timedelta(hours=9), timedelta(days=2), timedelta(days=33)]
        )
        moment -= step * chance.uniform(0.1, 1.5) + timedelta(seconds=1)
    return [moment.replace(microsecond=0) for moment in found]


def policy(chance: random.Random) -> dict[str, Any]:
    """One to four rules, by the name of restic's option without ``keep-``."""
    rules = chance.sample([*_COUNTS, *_SPANS], chance.randint(1, 4))
    units = {"y": 2, "m": 13, "d": 60, "h": 90}
    return {
        rule: chance.randint(1, 7)
        if rule in _COUNTS
        else "".join(
            f"{chance.randint(1, most)}{unit}"
            for unit, most in units.items()
            if unit in chance.sample(list(units), 2)
        )
        or "40d"
        for rule in rules
    }


def pairs(seed: int) -> list[dict[str, Any]]:
    """Have restic decide; each pair is ``{"policy": …, "moments": […], "kept": […]}``, newest first.

    Args:
        seed: What histories and policies are made from.
    """
    assert RESTIC is not None
    chance = random.Random(seed)  # noqa: S311  # to be repeatable, not secret
    with tempfile.TemporaryDirectory() as folder:
        run = _Repository(Path(folder))
        taken = [
            (moment, f"host{chance.randrange(HOSTS)}", f"tag{chance.randrange(TAGS)}")
            for moment in moments(chance)
        ]
        policies = [(policy(chance), "host" if number % 2 else "tags") for number in range(POLICIES)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run.backup, taken))
            return [pair for found in pool.map(run.forget, policies) for pair in found]


class _Repository:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "data").mkdir()
        (folder / "data" / "file").write_text("one")
        self._restic("init")

    def _restic(self, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "RESTIC_REPOSITORY": str(self._folder / "repository"),
            "RESTIC_PASSWORD": "none",
            "TZ": "UTC",
        }
        command = [str(RESTIC), "--no-cache", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=self._folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def backup(self, taken: tuple[datetime, str, str]) -> None:
        moment, host, tag = taken
        self._restic("backup", "--time", f"{moment:%Y-%m-%d %H:%M:%S}", "--host", host, "--tag", tag, "data")

    def forget(self, wanted: tuple[dict[str, Any], str]) -> list[dict[str, Any]]:
        rules, grouping = wanted
        options = [word for rule, value in rules.items() for word in (_option(rule), str(value))]
        answer = self._restic("forget", "--no-lock", "--dry-run", "--json", "--group-by", grouping, *options)
        return [_pair(rules, group) for group in json.loads(answer)]


def _option(rule: str) -> str:
    return f"--keep-{rule}"


def _pair(rules: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    def times(part: Sequence[dict[str, Any]] | None) -> list[str]:
        return sorted((item["time"] for item in part or ()), reverse=True)

    kept, removed = times(group["keep"]), times(group["remove"])
    return {"policy": rules, "moments": sorted(kept + removed, reverse=True), "kept": kept}


if __name__ == "__main__":
    assert keeps_oldest(version()), "record with restic 0.16 or newer: retention has its rules"
    for pair in pairs(seed=1):
        print(json.dumps(pair))  # noqa: T201  # the recording goes to stdout
