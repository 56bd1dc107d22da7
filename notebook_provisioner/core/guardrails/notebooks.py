"""Guardrails for the notebooks themselves."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import (
    PlanRule,
    Rule,
    Surroundings,
    finding,
    goes,
    listed,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.storage import fleet_key, is_key
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, Change, TerraformPlan

DEFAULT_ACCOUNT: Final = re.compile(r"(-compute@developer|@appspot)\.gserviceaccount\.com$")
_SETUP: Final = ("gce_setup", 0)
_ACCOUNT: Final = (*_SETUP, "service_accounts", 0, "email")
_SHORTEST_ACCOUNT: Final = 6  # what Google takes, in characters
_LONGEST_ACCOUNT: Final = 30


def _public_ip(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    remedy = "leave disable_public_ip = true, and reach the notebook through the proxy or IAP"
    disabled = change.planned(*_SETUP, "disable_public_ip")
    if disabled is not True:
        what = "may have" if disabled is UNKNOWN else "would have"
        yield finding("public-ip", change, f"the notebook {what} an external IP address", remedy)
    for index in range(len(listed(change.planned(*_SETUP, "network_interfaces")))):
        # Unknown is good here: with disable_public_ip the API fills in none.
        if listed(change.planned(*_SETUP, "network_interfaces", index, "access_configs")):
            yield finding("public-ip", change, f"network interface {index} asks for an external IP", remedy)


def _ip_forwarding(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change) and change.planned(*_SETUP, "enable_ip_forwarding") not in {None, False}:
        yield finding(
            "ip-forwarding", change, "the notebook would forward packets", "leave enable_ip_forwarding out"
        )


def own_account(project: str, notebook: str) -> str:
    """The e-mail address of the notebook's service account, as the module notebook names it (iam.tf)."""
    account = f"nb-{notebook}"
    if not _SHORTEST_ACCOUNT <= len(account) <= _LONGEST_ACCOUNT:
        account = f"nb-{notebook[:18]}-{hashlib.sha256(notebook.encode()).hexdigest()[:8]}"
    return f"{account}@{project}.iam.gserviceaccount.com"


def _service_account(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    if change.planned("enable_managed_euc") is True:  # Google chooses the account, and refuses another
        return
    email = change.planned(*_ACCOUNT)
    own = own_account(surroundings.fleet.project, change.name)
    remedy = f"let it run as {own}, which the module notebook makes for it"
    if email is not UNKNOWN and not email:
        said = "the notebook names no service account, so it would run as the project's default"
        yield finding("default-service-account", change, said, remedy)
    elif isinstance(email, str) and DEFAULT_ACCOUNT.search(email):
        said = f"the notebook would run as a default service account, {email}"
        yield finding("default-service-account", change, said, remedy)
    elif email != own:
        said = (
            f"the notebook would run as {'an unknown account' if email is UNKNOWN else email}, not as its own"
        )
        yield finding("shared-service-account", change, said, remedy)


def _managed_euc(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    notebook = surroundings.notebooks.get(change.name)
    asked = notebook is not None and notebook.managed_euc
    if stays(change) and change.planned("enable_managed_euc") not in {None, False} and not asked:
        yield finding(
            "managed-euc",
            change,
            "code would run with the owner's own rights, and the fleet file does not say so",
            "leave enable_managed_euc out, or write managed_euc: true for it in the fleet file",
        )
    if change.action is Action.UPDATE and "enable_managed_euc" in change.changed_paths():
        yield finding(
            "managed-euc",
            change,
            "whose rights code runs with is settled when a notebook is made",
            "leave managed_euc as it was; make another notebook, and remove this one afterwards",
        )


def _owner(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    owners = listed(change.planned("instance_owners"))
    notebook = surroundings.notebooks.get(change.name)
    if len(owners) != 1:
        said = "nobody" if not owners else ", ".join(map(str, owners))
    elif owners[0] is None:  # Terraform leaves an unknown one out of the list
        said = "somebody unknown"
    elif notebook is not None and owners[0] != notebook.owner:
        said = f"{owners[0]} and not {notebook.owner}"
    else:
        return
    yield finding(
        "single-owner",
        change,
        f"the notebook would be opened by {said}",
        "name its one owner in the fleet file",
    )


def _measured_boot(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    for setting in ("enable_vtpm", "enable_integrity_monitoring"):
        if change.planned(*_SETUP, "shielded_instance_config", 0, setting) is not True:
            yield finding("measured-boot", change, f"{setting} would not be on", f"set {setting} = true")


def _confidential(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    notebook = surroundings.notebooks.get(change.name)
    wanted = notebook.profile.confidential_compute if notebook is not None else None
    planned = change.planned(*_SETUP, "confidential_instance_config", 0, "confidential_instance_type")
    if stays(change) and wanted is not None and planned != wanted:
        said = f"the notebook's memory would be encrypted with {shown(planned)}, and not with {wanted}"
        yield finding("confidential-compute", change, said, "leave it to confidential_compute in its profile")


def _disk_keys(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    key = fleet_key(surroundings.fleet)
    if not stays(change) or key is None:
        return
    for disk in ("boot_disk", "data_disks"):
        planned = change.planned(*_SETUP, disk, 0, "kms_key")
        if not is_key(planned, key):
            other = "an unknown key" if planned is UNKNOWN else planned or "Google's keys"
            yield finding(
                "customer-key", change, f"{disk} would be encrypted with {other}", f"set kms_key to {key}"
            )


def _unprotected(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    notebook = surroundings.notebooks.get(change.name)
    if not stays(change) or goes(change) or notebook is None or not notebook.deletion_protection:
        return  # what goes is judged below
    guards = change.planned("enable_deletion_protection"), change.planned("deletion_policy")
    if guards != (True, "PREVENT"):
        yield finding(
            "deletion-protected",
            change,
            f"notebook {change.name} could be deleted or replaced, and the fleet file protects it",
            'set enable_deletion_protection = true and deletion_policy = "PREVENT"',
        )


def _protected(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not goes(change):
        return
    wanted = surroundings.notebooks.get(change.name)
    before = change.before
    protected = before.get("enable_deletion_protection") or before.get("deletion_policy") == "PREVENT"
    if protected and change.reason == "replace_because_tainted":
        # No edit of the fleet file gets past this: while it is marked, Terraform only plans to replace it.
        fleet = surroundings.fleet
        folder = f".nbp/{fleet.project}/{fleet.name}-{fleet.target}"
        remedy = (
            "its creation failed on the way, so Terraform would make it anew; have it kept as it is, with "
            f"TF_DATA_DIR=$PWD/{folder}/data terraform -chdir={folder}/terraform/fleet untaint "
            f"'{change.address}' where {folder} is, then run nbp apply"
        )
    elif protected:
        remedy = "set deletion_protection: false for it in the fleet file, run nbp apply, then try again"
    elif wanted is not None and wanted.deletion_protection:  # said in the file, and not applied yet
        remedy = "set deletion_protection: false for it in the fleet file, then try again"
    else:
        return
    yield finding(
        "deletion-protected",
        change,
        f"notebook {change.name} is protected from deletion, and the plan would {change.action.value} it",
        remedy,
    )


def _shared_accounts(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Two notebooks of one name, in two zones; the account of another name is seen where it stands."""
    users: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        if change.type == NOTEBOOK and stays(change) and change.planned("enable_managed_euc") is not True:
            own = own_account(surroundings.fleet.project, change.name)
            if change.planned(*_ACCOUNT) == own:
                users[own].append(change)
    for email, changes in users.items():
        for change in changes[1:]:
            yield finding(
                "shared-service-account",
                change,
                f"the notebook would share {email} with {changes[0].address}",
                "give the notebook a service account of its own: one person's rights must not be another's",
            )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    NOTEBOOK: (
        _public_ip,
        _ip_forwarding,
        _service_account,
        _managed_euc,
        _owner,
        _measured_boot,
        _confidential,
        _disk_keys,
        _unprotected,
        _protected,
    )
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_shared_accounts,)
