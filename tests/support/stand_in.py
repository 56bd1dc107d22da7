"""The stand-in provider as a process that outlives Terraform, which would start one for every command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from notebook_provisioner.sandbox.provider import agreed, mirror

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def running(environment: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """Run the stand-in; yield the variable that makes every Terraform use it.

    Args:
        environment: Variables on top of this process's: the endpoints that the provider shall call.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "notebook_provisioner.sandbox.provider"],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {}), "TF_PLUGIN_MAGIC_COOKIE": agreed.MAGIC_COOKIE},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        _, protocol, network, address, kind, _ = process.stdout.readline().strip().split("|")
        plugin = {
            "Protocol": kind,
            "ProtocolVersion": int(protocol),
            "Pid": process.pid,
            "Test": True,  # Terraform leaves it running
            "Addr": {"Network": network, "String": address},
        }
        yield {"TF_REATTACH_PROVIDERS": json.dumps({mirror.SOURCE: plugin})}
    finally:
        process.terminate()
        process.wait(timeout=40)
        process.stdout.close()
