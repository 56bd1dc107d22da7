"""Whether a notebook can be upgraded at all, whatever the calendar."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades.facts import LegacyMachine, Notebook, Sight
from notebook_provisioner.core.upgrades.plan import LeftOut, Why
from notebook_provisioner.core.upgrades.policy import Policy
from notebook_provisioner.core.upgrades.waves import rolled_back, same_version, unwell

# What the API says of a notebook that has the newest image, as real answers have it (gcpdiag's dumps). Every
# other sentence is shown, and nothing is read out of it.
_CURRENT: Final = "Current and latest available image are the same"
_RESTING: Final = frozenset({"ACTIVE", "STOPPED"})

Policies = Mapping[NotebookKey, Policy | None]


def obstacle(notebook: Notebook, policies: Policies) -> LeftOut | None:
    """Why *notebook* is not upgraded; None where it can be.

    Args:
        notebook: The notebook.
        policies: Those of the fleet file's notebooks.
    """
    for rule in (_offer, _permission, _history, _condition):
        if found := rule(notebook, policies):
            why, message, remedy = found
            return LeftOut(notebook.zone, notebook.name, why, message, remedy)
    return None


_Obstacle = tuple[Why, str, str | None]


def _offer(notebook: Notebook, _: Policies) -> _Obstacle | None:
    """What the API says about an upgrade."""
    check = notebook.upgradability
    if check.upgradable is None:
        return Why.UNKNOWN, check.message, "look again later; nbp doctor says what is missing"
    if check.upgradable:
        return None
    if _CURRENT in check.message:
        return Why.CURRENT, check.message, None
    return Why.NOT_UPGRADABLE, check.message or "the Notebooks API gives no reason", None


def _permission(notebook: Notebook, policies: Policies) -> _Obstacle | None:
    """What the fleet file says."""
    if notebook.key not in policies:
        said = "it bears the fleet's label, and does not stand in the fleet file"
        return Why.UNLISTED, said, "add it there"
    if policies[notebook.key] is None:
        return Why.NO_WINDOW, "the fleet file gives it no window", "write upgrade: {window: …}"
    return None


def _history(notebook: Notebook, _: Policies) -> _Obstacle | None:
    """What happened to it before."""
    last, check = notebook.last, notebook.upgradability
    if rolled_back(notebook) and _offers_again(notebook):
        said = f"it was rolled back from {check.version}, which is still the newest"
        return Why.ROLLED_BACK, said, f"to upgrade it all the same: nbp upgrade run {notebook.name} --now"
    if last is not None and last.state == "STARTED":
        said = f"its last {last.word} is STARTED, and the notebook is {notebook.state}"
        return Why.UNSETTLED, said, f"look what became of it: nbp show {notebook.name}"
    return None


def _condition(notebook: Notebook, _: Policies) -> _Obstacle | None:
    """How it is now."""
    if notebook.state not in _RESTING:
        return Why.UNSETTLED, f"it is {notebook.state}", "look again when it is ACTIVE or STOPPED"
    if unwell(notebook):
        return Why.UNSETTLED, f"it is {notebook.health}", "mend it first"
    return None


def absent(sight: Sight, policies: Policies) -> Iterator[LeftOut]:
    """The fleet file's notebooks that were not seen."""
    there = {notebook.key for notebook in sight.notebooks}
    for zone, name in policies.keys() - there:
        if zone in sight.unreachable:
            yield LeftOut(zone, name, Why.UNKNOWN, f"zone {zone} does not answer", "look again later")
        else:
            yield LeftOut(zone, name, Why.ABSENT, "there is no such notebook", "make it with: nbp apply")


def legacy(machine: LegacyMachine) -> LeftOut:
    """A former user-managed notebook, and the way out."""
    return LeftOut(
        machine.zone,
        machine.name,
        Why.LEGACY,
        "a former user-managed notebook: a mere virtual machine, which the Notebooks API cannot upgrade",
        "add a notebook to the fleet file, nbp apply, copy /home/jupyter over, and delete the machine",
    )


def _offers_again(notebook: Notebook) -> bool:
    upgrades = [entry for entry in notebook.history if entry.action == "UPGRADE"]
    return not upgrades or same_version(upgrades[-1].target_version, notebook.upgradability.version)
