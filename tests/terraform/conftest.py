"""The modules in a folder of their own, and a Terraform that has the google provider without a registry."""

import functools
import os
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import stand_in

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.sandbox.provider import mirror

REPOSITORY = Path(__file__).resolve().parents[2]
STAND_IN = "stand-in"
REAL = "hashicorp/google"
installation = functools.cache(launcher.find)  # each would ask Terraform for its version


@dataclass(frozen=True)
class Terraform:
    """Runs Terraform with one environment."""

    environment: dict[str, str]

    def run(self, folder, *arguments):
        return subprocess.run(
            [*installation().command, *arguments],
            cwd=folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def succeed(self, folder, *arguments):
        result = self.run(folder, *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """A copy of ``terraform/``, so that no ``.terraform`` appears in the checkout."""
    folder = tmp_path_factory.mktemp("sources")
    ours = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    return Path(shutil.copytree(REPOSITORY / "terraform", folder / "terraform", ignore=ours))


@pytest.fixture(scope="session")
def bare_terraform(tmp_path_factory):
    """A Terraform without any provider."""
    empty = tmp_path_factory.mktemp("no-providers")
    config = empty / "terraform.rc"
    config.write_text(mirror.cli_config(empty))
    return Terraform({"TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"})


@pytest.fixture(scope="session", params=[STAND_IN, pytest.param(REAL, marks=pytest.mark.acceptance)])
def provider(request):
    """Which google provider: the stand-in, then the real one where it can be had."""
    if request.param == REAL and not os.environ.get("NBP_REAL_PROVIDER_MIRROR"):
        pytest.skip("NBP_REAL_PROVIDER_MIRROR names no mirror of hashicorp/google")
    return request.param


@pytest.fixture(scope="session")
def installed_terraform(provider, tmp_path_factory):
    """A Terraform that installs and starts the google provider as it does for users."""
    folder = tmp_path_factory.mktemp("provider")
    if provider == STAND_IN:
        config = mirror.prepare(folder)
    else:
        config = folder / "terraform.rc"
        config.write_text(mirror.cli_config(Path(os.environ["NBP_REAL_PROVIDER_MIRROR"])))
    return Terraform({"TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"})


@pytest.fixture(scope="session")
def serving(provider):
    """Keeps the stand-in between Terraforms, which would start it anew; hashicorp/google they start."""
    return stand_in.running if provider == STAND_IN else lambda _: nullcontext({})


@pytest.fixture(scope="session")
def terraform(provider, request):
    """A Terraform with the google provider, for what calls no API."""
    return request.getfixturevalue(
        "terraform_with_stand_in" if provider == STAND_IN else "installed_terraform"
    )


@pytest.fixture(scope="session")
def terraform_with_stand_in(bare_terraform):
    """One plugin process for the whole session: ``terraform test`` would start one for every run."""
    with stand_in.running() as variables:
        yield Terraform({**bare_terraform.environment, **variables})
