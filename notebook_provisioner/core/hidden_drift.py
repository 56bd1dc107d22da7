"""Changes that Terraform hides.

hashicorp/google takes some metadata keys for Workbench's own and shows no difference in them, whatever they
are (WorkbenchInstanceProvidedMetadata in services/workbench/resource_workbench_instance.go). A plan's prior
state still holds what was read from the API: it is looked at here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook
from notebook_provisioner.core.impact import NOTEBOOK

# Key, the value that hardening relies on, and what its loss means. Values compare without regard to case.
_EXPECTED: Final = (
    ("enable-guest-attributes", "true", "idle shutdown and the post-startup report need it"),
    ("enable-oslogin", "true", "SSH would be let in by keys instead of IAM"),
    ("proxy-mode", "mail", "others than the owner could open JupyterLab"),
    ("disable-check-xsrf", "false", "other web pages could act as the signed-in user"),
    ("shutdown-script", "/opt/deeplearning/bin/shutdown_script.sh", "it runs as root whenever the VM stops"),
)
# Container images have both from Workbench; that VM images have neither is unverified. So is what
# service-account-mode does: its name says it, and what proxy-mode=service_account is documented to do.
_EXPECTED_OF_VM_IMAGES: Final = (
    ("service-account-mode", "false", "who may act as the VM's account could open JupyterLab"),
    ("user-data", "", "cloud-init runs it as root when the VM starts"),
)
_LONGEST_SHOWN: Final = 80
_REMEDY: Final = "find out who changed it; Terraform will not put it back, a notebook made anew has it again"


def check(document: Mapping[str, Any], fleet: Fleet) -> tuple[Finding, ...]:
    """Compare what Terraform read, and hides, with what hardening relies on.

    Args:
        document: A plan as ``terraform show -json`` writes it.
        fleet: The fleet file, for the notebooks' owners and images.

    Returns:
        A warning for each key that has another value than Workbench gave it, of notebooks that stay: one that
        is made anew, as for another owner, gets it again. A key that is not there says nothing: not every
        image has every key.
    """
    changes = document.get("resource_changes", ())
    gone = {entry["address"] for entry in changes if "delete" in entry["change"]["actions"]}
    notebooks = {notebook.name: notebook for notebook in fleet.resolved_notebooks}
    root = document.get("prior_state", {}).get("values", {}).get("root_module", {})
    return tuple(
        finding
        for resource in _resources(root)
        if resource.get("type") == NOTEBOOK and resource["address"] not in gone
        for finding in _notebook(resource, notebooks)
    )


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _notebook(resource: Mapping[str, Any], notebooks: Mapping[str, ResolvedNotebook]) -> Iterator[Finding]:
    values = resource.get("values", {})
    setup = (values.get("gce_setup") or [{}])[0]
    metadata = setup.get("metadata") or {}
    expected = [*_EXPECTED]
    if ours := notebooks.get(values.get("name", "")):
        expected.append(("proxy-user-mail", ours.owner, "somebody else could open JupyterLab"))
        expected += () if ours.profile.container else _EXPECTED_OF_VM_IMAGES
    for key, value, meaning in expected:
        found = metadata.get(key)
        if found and found.lower() != value.lower():
            yield Finding(
                "hidden-drift",
                Severity.WARNING,
                resource["address"],
                f"{key} is {_shown(found)}, not {value or 'absent'}: {meaning}; Terraform hides this change",
                _REMEDY,
            )


def _shown(value: str) -> str:
    """The beginning of a value, on one line: a script can be a value."""
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"
