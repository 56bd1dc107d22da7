"""Managed end-user credentials, and what cannot be had with them.

Facts: https://cloud.google.com/vertex-ai/docs/workbench/instances/create-euc-instance (read 2026-11-22) and
hashicorp/google 7.46, services/workbench/resource_workbench_instance.go.
"""

from collections.abc import Iterator
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.model import Notebook

# What the post-startup script carries out, or what decides when it runs.
_BY_SCRIPT: Final = (
    "packages",
    "repositories",
    "post_startup_behavior",
    "hardening",
    "audit_log",
    "jupyter",
    "package_index",
    "environment",
    "user_script",
)
_WHY_NO_SCRIPT: Final = (
    "with managed_euc no post-startup script runs: Workbench takes no other one than the first, so that each "
    "change of it would replace the notebook and its disks"
)


def managed_euc(context: Context) -> Iterator[Finding]:
    """Nothing is asked for that Workbench refuses, or that would need what is not there."""
    for path, notebook, resolved in context.resolved:
        if not resolved.managed_euc:
            continue
        for key in _BY_SCRIPT:
            if getattr(resolved, key) != Notebook.model_fields[key].get_default(call_default_factory=True):
                place = context.written_at(path, notebook, key)
                remedy = f"take {key} out, or set it only on notebooks without managed_euc"
                yield context.error(
                    "euc-script", place, f"{_WHY_NO_SCRIPT}; {key} needs it", remedy, key=True
                )
        if resolved.sync.enabled:
            place = context.written_at(path, notebook, "sync")
            said = "with managed_euc there is no service account that could write to a sync bucket"
            remedy = f"write sync: {{enabled: false}} for {notebook.name}; data_disk_snapshots still works"
            yield context.error("euc-sync", place, said, remedy, key=True)
