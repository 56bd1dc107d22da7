"""How long Terraform plans 200 notebooks: against the same resources written flat, and bare instances.

    python bench/plan_time.py [--quick]

A hardened notebook is nine resources: besides the instance an account of its own, grants, and a script. What
modules and checks cost shows against the same resources by hand, with no validation, label, order or output.
As many bare ``google_workbench_instance`` are the third side: what hardening costs at all. The fourth is the
least for a notebook with an account of its own, a right for it, and an owner who may use it: a bare instance
and three times the smallest resource there is. No way of hardening a notebook so takes less. The fifth is the
least for as many resources as ours: service accounts and nothing else, none of which refers to another.

All plans make everything anew, in a sandbox, with the same provider: the stand-in, or hashicorp/google where
NBP_REAL_PROVIDER_MIRROR names a mirror of it. Runs take turns; medians are printed.
``--quick`` plans 20 notebooks.
"""

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess
from notebook_provisioner.sandbox.provider import mirror

ROOT = Path(__file__).resolve().parents[1]
MIRROR = os.environ.get("NBP_REAL_PROVIDER_MIRROR")
NOTEBOOKS = 20 if "--quick" in sys.argv else 200
RUNS = 3
GOAL = 1.5
VERSIONS = """terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}
"""


@dataclass
class Side:
    """One of the roots, and what planning it cost.

    Attributes:
        folder: Where Terraform runs.
        options: What its plan is given.
        resources: How many it would make.
        walls: Seconds of each run.
        processor: Seconds of processor time of each run, the provider's included.
    """

    folder: Path
    options: tuple[str, ...] = ()
    resources: int = 0
    walls: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def terraform(self, variables: dict[str, str], *words: str) -> str:
        """Run Terraform to its end."""
        command = [*launcher.find().command, *words, "-no-color", "-input=false"]
        done = subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self, variables: dict[str, str]) -> None:
        """Plan once, and note what it cost."""
        before, began = _processor(), time.perf_counter()
        shown = self.terraform(variables, "plan", "-lock=false", "-out=plan", *self.options)
        self.walls.append(time.perf_counter() - began)
        self.processor.append(_processor() - before)
        found = re.search(r"Plan: (\d+) to add, 0 to change, 0 to destroy", shown)
        assert found, shown[-500:]
        self.resources = int(found[1])

    def begin(self, variables: dict[str, str]) -> None:
        """Initialise, and plan for the first time."""
        self.terraform(variables, "init")
        self.plan(variables)

    @property
    def wall(self) -> float:
        """Median seconds."""
        return statistics.median(self.walls)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_hand(folder: Path, name: str) -> Side:
    """A root of one file beside this program."""
    folder.mkdir()
    shutil.copy(Path(__file__).with_suffix("") / f"{name}.tf", folder / "main.tf")
    return Side(folder, (f"-var=notebooks={NOTEBOOKS}",))


def accounts(number: int) -> str:
    """So many service accounts, each a block of its own."""
    return "".join(
        f'resource "google_service_account" "{name}" {{\n  account_id = "{name}"\n}}\n'
        for name in (f"account-{at:05}" for at in range(number))
    )


def accounts_only(folder: Path, number: int) -> Side:
    """A root of so many service accounts."""
    folder.mkdir()
    (folder / "main.tf").write_text(VERSIONS + accounts(number), encoding="utf-8")
    return Side(folder)


def least(folder: Path) -> Side:
    """Bare instances, and three service accounts for each."""
    side = by_hand(folder, "bare")
    (folder / "accounts.tf").write_text(accounts(3 * NOTEBOOKS), encoding="utf-8")
    return side


def fleet(folder: Path) -> Side:
    """The quickstart with as many notebooks, each with a script."""
    document = yaml.safe_load((ROOT / "examples" / "quickstart" / "fleet.yaml").read_text(encoding="utf-8"))
    names = [f"nb-{number:03}" for number in range(NOTEBOOKS)]
    document["notebooks"] = [{"name": name, "owner": "ana@example.com"} for name in names]
    ours = shutil.ignore_patterns(".terraform*", "tests")
    shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=ours)
    (folder / "fleet.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "rendered").mkdir()
    for name in names:
        (folder / "rendered" / f"{name}.sh").write_text(f"#!/bin/bash\necho {name}\n", encoding="utf-8")
    options = (f"-var=fleet_file={folder / 'fleet.yaml'}", f"-var=rendered_directory={folder / 'rendered'}")
    return Side(folder / "terraform" / "fleet", options)


def provider(folder: Path) -> tuple[str, Path]:
    """The provider's name, and the CLI configuration that makes Terraform take it."""
    if not MIRROR:
        return "the stand-in", mirror.prepare(folder)
    folder.mkdir()
    configuration = folder / "terraform.rc"
    configuration.write_text(mirror.cli_config(Path(MIRROR)), encoding="utf-8")
    return "hashicorp/google", configuration


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = SandboxProcess(folder / "sandbox")
        try:
            endpoints = environment.for_terraform(
                sandbox.start(), project="nbp-quickstart", region="europe-west1"
            )
            title, configuration = provider(folder / "provider")
            variables = {**os.environ, **endpoints, "TF_CLI_CONFIG_FILE": str(configuration)}
            sides = {
                "bare instances": by_hand(folder / "bare", "bare"),
                "flat resources": by_hand(folder / "flat", "flat"),
                "the fleet": fleet(folder),
                "the least": least(folder / "least"),
            }
            for side in sides.values():
                side.begin(variables)
            sides["accounts only"] = accounts_only(folder / "accounts", sides["the fleet"].resources)
            sides["accounts only"].begin(variables)
            for _ in range(RUNS - 1):
                for side in sides.values():
                    side.plan(variables)
        finally:
            sandbox.stop()
    print(f"planning {NOTEBOOKS} notebooks with {title}")
    print(f"{'':16} {'resources':>9} {'median s':>9} {'processor s':>12}")
    for label, side in sides.items():
        processor = statistics.median(side.processor)
        print(f"{label:16} {side.resources:9} {side.wall:9.1f} {processor:12.1f}")
    bare, flat, whole, smallest, alone = sides.values()
    ratio = whole.wall / flat.wall
    print(f"the fleet takes {ratio:.2f} times as long as its resources written flat (goal: {GOAL})")
    ratio, parts = whole.wall / bare.wall, whole.resources / bare.resources
    print(f"a notebook takes {ratio:.2f} times a bare instance; it is {parts:.1f} resources", end=", ")
    print(f"each of them {ratio / parts:.2f} times (goal for the notebook: {GOAL})")
    print(f"as many accounts alone take {alone.wall / bare.wall:.2f} times the bare instances")
    ratio = smallest.wall / bare.wall
    print(f"an instance, an account, a right and an owner take {ratio:.2f} times a bare one, at the least")


if __name__ == "__main__":
    main()
