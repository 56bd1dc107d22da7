"""What a Terraform plan costs the people at the notebooks.

Workbench changes some attributes under running kernels, stops the VM for others, and deletes the VM with
its disks for the rest. Which is which is decided by hashicorp/google (7.46: services/workbench/
resource_workbench_instance.go): attributes marked ForceNew appear in the plan as replacements; the ones
below it stops the VM for, without a word in the plan.
"""

import re
from dataclasses import replace
from typing import Final

from notebook_provisioner.core.plan import Impact, Plan, Step
from notebook_provisioner.core.terraform_plan import DEPOSED, Action, Change, TerraformPlan

NOTEBOOK: Final = "google_workbench_instance"

RESTART_METADATA: Final = frozenset(
    {
        "disable-mixer",
        "enable-jupyterlab4",
        "enable-jupyterlab4-preview",
        "geminicli-disabled",
        "geminicli-tc-accepted",
        "notebook-disable-downloads",
        "notebook-disable-nbconvert",
        "notebook-disable-root",
        "notebook-disable-terminal",
    }
)
_RESTART_PATHS: Final = (
    "gce_setup.machine_type",
    "gce_setup.accelerator_configs",
    "gce_setup.shielded_instance_config",
    "gce_setup.container_image",
    "desired_state",
)
_METADATA: Final = "gce_setup.metadata"

# What cannot be made anew from the fleet file: someone's data, or the key to it.
_DATA_TYPES: Final = frozenset(
    {
        NOTEBOOK,
        "google_artifact_registry_repository",
        "google_bigquery_dataset",
        "google_compute_disk",
        "google_compute_snapshot",
        "google_kms_crypto_key",
        "google_logging_project_bucket_config",
        "google_storage_bucket",
    }
)
_REASONS: Final = {
    Action.ADOPT: "exists, and was not in the state",
    Action.FORGET: "is left standing, and no longer managed",
    Action.KEEP: "is as it shall be",
}
# Terraform does not say which of the two asks for a resource: an edit of either may add it or take it away.
_ASKED_FOR: Final = "asked for by the fleet file or the modules"
_DELETE_REASONS: Final = {
    None: "the fleet is being destroyed",
    DEPOSED: "left over from a replacement that did not finish",
}
_MANY: Final = 4
_MODULE: Final = re.compile(r'module\.[\w-]+(\["(\\.|[^"\\])*"\]|\[\d+\])?')  # the outermost, with its key


def assess(plan: TerraformPlan, *, no_op_reason: str = "the cloud is as the fleet file says") -> Plan:
    """Turn a Terraform plan into steps with their impact.

    Args:
        plan: What Terraform would do.
        no_op_reason: What an empty plan means.
    """
    steps = [
        Step(change.address, change.action.value, _reason(change), impact_of(change))
        for change in plan.changes
    ]
    steps += [
        Step(f"output.{name}", "update", "follows from the rest", Impact.NONE)
        for name in plan.outputs
        if not steps
    ]
    return Plan(tuple(steps), None if steps else no_op_reason)


def summary(plan: Plan) -> list[tuple[Step, int]]:
    """A plan's steps in short: those of one module that are done alike, for one reason, as one.

    What costs somebody kernels or disks is never put together.

    Returns:
        Steps with the number of resources that each stands for; where that is more than one, the module is
        the subject.
    """
    alike: dict[Step, list[Step]] = {}
    for step in plan.steps:
        module = _MODULE.match(step.subject) if step.impact <= Impact.LIVE else None
        alike.setdefault(replace(step, subject=module[0]) if module else step, []).append(step)
    return [(steps[0] if len(steps) == 1 else common, len(steps)) for common, steps in alike.items()]


def impact_of(change: Change) -> Impact:
    """Cost of one change to the people at the notebooks."""
    if change.action in {Action.CREATE, Action.ADOPT, Action.FORGET, Action.KEEP}:
        return Impact.NONE
    if change.action is Action.UPDATE:
        return Impact.RESTART if change.type == NOTEBOOK and restart_causes(change) else Impact.LIVE
    if change.type not in _DATA_TYPES or change.before.get("deletion_policy") == "ABANDON":
        return Impact.LIVE
    return Impact.REPLACE if change.action is Action.REPLACE else Impact.DESTROY


def restart_causes(change: Change) -> tuple[str, ...]:
    """Changed attributes of a notebook that stop and start its VM."""
    return tuple(path for path in change.changed_paths() if _restarts(path))


def _restarts(path: str) -> bool:
    if path == _METADATA:
        return True  # unknown until it is applied: any key may be among the changed ones
    if path.startswith(f"{_METADATA}."):
        return path.removeprefix(f"{_METADATA}.") in RESTART_METADATA
    return any(path == cause or path.startswith(f"{cause}.") for cause in _RESTART_PATHS)


def _reason(change: Change) -> str:
    match change.action:
        case Action.CREATE:
            return f"{_ASKED_FOR}, {'deleted by somebody else' if change.drifted else 'not in the state'}"
        case Action.DELETE:
            return _DELETE_REASONS.get(change.reason, f"no longer {_ASKED_FOR}")
        case Action.REPLACE:
            return _replacement_reason(change)
        case Action.UPDATE:
            return _update_reason(change)
        case action:
            return _REASONS[action]


def _replacement_reason(change: Change) -> str:
    if change.reason == "replace_because_tainted":
        return "its creation did not finish"
    if change.replace_paths:
        return f"cannot be changed in place: {_listed(change.replace_paths)}"
    return "has to be made anew"


def _update_reason(change: Change) -> str:
    causes = restart_causes(change) if change.type == NOTEBOOK else ()
    paths = causes or tuple(path for path in change.changed_paths() if not path.startswith("effective_"))
    words = f"stops and starts for {_listed(causes)}" if causes else f"changed: {_listed(paths)}"
    return f"{words}; somebody else changed it" if change.drifted else words


def _listed(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _MANY} more" if len(paths) > _MANY else ""
    return ", ".join(path.removeprefix("gce_setup.") for path in paths[:_MANY]) + more
