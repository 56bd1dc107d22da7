"""Make in the sandbox what examples/production says is there already: ``make production`` begins with it.

    python scripts/make_surroundings.py

Terraform works in ``.nbp/production`` of the folder that NBP_HOME names, else of the current one. What comes
out is ``fleet.yaml`` there: examples/production for the sandbox, with the number that the access policy got.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from notebook_provisioner.adapters.terraform import launcher, provider
from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess
from notebook_provisioner.sandbox.provider import resident

REPOSITORY: Final = Path(__file__).resolve().parents[1]
EXAMPLE: Final = Path("examples/production")
PARTS: Final = (EXAMPLE, Path("terraform/modules"))


def main() -> None:
    """Apply examples/production/surroundings; exits with Terraform's words where it fails."""
    home = Path(os.environ.get("NBP_HOME") or ".").absolute()
    folder = home / ".nbp" / "production"
    for part in PARTS:
        shutil.copytree(REPOSITORY / part, folder / part, dirs_exist_ok=True)
    sandbox = SandboxProcess(home / ".sandbox")
    connection = sandbox.connection() or sandbox.start()
    chosen = provider.choose(
        "sandbox", os.environ.get("NBP_REAL_PROVIDER_MIRROR"), folder / "provider", lambda: resident
    )
    variables = environment.for_terraform(connection, project="unused", region="unused")

    def terraform(*words: str) -> str:
        done = subprocess.run(
            [*launcher.find().command, f"-chdir={folder / EXAMPLE / 'surroundings'}", *words],
            env={**os.environ, **variables, **chosen.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}terraform {words[0]} failed (status {done.returncode})")
        return done.stdout

    terraform("init", "-no-color", "-input=false")
    fleet_file = f"-var=fleet_file={folder / EXAMPLE / 'fleet.yaml'}"
    terraform("apply", "-no-color", "-input=false", "-auto-approve", fleet_file)
    (folder / "fleet.yaml").write_text(terraform("output", "-raw", "fleet_file"), encoding="utf-8")
    sys.stderr.write(f"Made what {EXAMPLE} says is there already; see {EXAMPLE}/surroundings\n")


if __name__ == "__main__":
    main()
