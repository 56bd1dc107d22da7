"""Guardrails for the notebooks themselves."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import (
    PlanRule,
    Rule,
    Surroundings,
    finding,
    goes,
    listed,
    stays,
)
from notebook_provisioner.core.guardrails.storage import fleet_key, is_key
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, Change, TerraformPlan

_DEFAULT_ACCOUNT: Final = re.compile(r"(-compute@developer|@appspot)\.gserviceaccount\.com$")
_PINNED_SCRIPT: Final = re.compile(r"gs://(?P<bucket>[^/]+)/.+/[0-9a-f]{64}\.sh")
_SETUP: Final = ("gce_setup", 0)
_DISABLING_KEYS: Final = (
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-disable-root",
    "notebook-disable-terminal",
)
_CODE_KEYS: Final = frozenset(
    {
        "gce-container-declaration",
        "gce-software-declaration",
        "ssh-keys",
        "sshKeys",
        "startup-script",
        "startup-script-url",
    }
)


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
    if stays(change) and change.planned(*_SETUP, "enable_ip_forwarding") is True:
        yield finding(
            "ip-forwarding", change, "the notebook would forward packets", "leave enable_ip_forwarding out"
        )


def _service_account(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    if change.planned("enable_managed_euc") is True:  # Google chooses the account, and refuses another
        return
    email = change.planned(*_SETUP, "service_accounts", 0, "email")
    if email is UNKNOWN:  # made by the same plan, so it is the notebook's own
        return
    if not email:
        problem = "the notebook names no service account, so it would run as the project's default"
    elif _DEFAULT_ACCOUNT.search(email):
        problem = f"the notebook would run as a default service account, {email}"
    else:
        return
    yield finding(
        "default-service-account", change, problem, "give the notebook a service account of its own"
    )


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
        said = "nobody" if not owners else ", ".join(owners)
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


def _exemptible(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    notebook = surroundings.notebooks.get(change.name)
    if not stays(change) or notebook is None:
        return
    off: list[tuple[str, Any]] = []
    for key in _DISABLING_KEYS:
        value = change.planned(*_SETUP, "metadata", key)
        if value != "true" and not notebook.is_exempt(key):
            off.append((key, value))
    timeout = change.planned(*_SETUP, "metadata", "idle-timeout-seconds")
    if (timeout is UNKNOWN or not timeout) and not notebook.is_exempt("idle-timeout-seconds"):
        off.append(("idle-timeout-seconds", timeout))
    boot = change.planned(*_SETUP, "shielded_instance_config", 0, "enable_secure_boot")
    if boot is not True and not notebook.is_exempt("secure-boot"):
        off.append(("secure-boot", boot))
    for control, value in off:
        shown = "unknown" if value is UNKNOWN else "absent" if value is None else value
        yield finding(
            control,
            change,
            f"hardening control {control} would be off ({shown}), and the fleet file grants no exemption",
            f"leave it on, or give {notebook.name} an exemption from {control}, with reason and expiry date",
        )


def _measured_boot(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    for setting in ("enable_vtpm", "enable_integrity_monitoring"):
        if change.planned(*_SETUP, "shielded_instance_config", 0, setting) is not True:
            yield finding("measured-boot", change, f"{setting} would not be on", f"set {setting} = true")


def _metadata(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    metadata = change.planned(*_SETUP, "metadata")
    known: Mapping[str, str] = metadata if isinstance(metadata, Mapping) else {}
    managed = change.planned("enable_managed_euc") is True  # Google blocks SSH altogether then
    if not managed and change.planned(*_SETUP, "metadata", "block-project-ssh-keys") != "true":
        yield finding(
            "project-ssh-keys",
            change,
            "SSH keys of the whole project would open the notebook",
            'set the metadata key block-project-ssh-keys to "true"',
        )
    if str(known.get("serial-port-enable", "")).lower() in {"true", "1"}:
        yield finding(
            "serial-console",
            change,
            "the interactive serial console would be open",
            "leave serial-port-enable false; its log is there with serial-port-logging-enable",
        )
    # A value that is there already is Workbench's own: the provider carries it along.
    before = _before(change)
    for key in sorted(
        key for key in known.keys() & metadata_keys.PROTECTED.keys() if known[key] != before.get(key)
    ):
        yield finding(
            "protected-metadata", change, f"Workbench owns the metadata key {key}", f"take {key} out"
        )
    for key in sorted(known.keys() & _CODE_KEYS):
        yield finding(
            "code-in-metadata",
            change,
            f"the metadata key {key} would run code as root, or let people in past IAM",
            f"take {key} out: {metadata_keys.TYPED[key]}",
        )
    yield from _post_startup_source(change, surroundings)


def _post_startup_source(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    script = change.planned(*_SETUP, "metadata", "post-startup-script")
    if not script:
        return
    matched = None if script is UNKNOWN else _PINNED_SCRIPT.fullmatch(script)
    if matched is None or not matched["bucket"].startswith(f"{surroundings.fleet.project}-"):
        shown = "an unknown script" if script is UNKNOWN else script
        yield finding(
            "post-startup-source",
            change,
            f"the notebook would run {shown} at its start",
            "let the fleet file's packages, repositories and hooks make the script",
        )


def _disk_keys(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    key = fleet_key(surroundings.fleet)
    if not stays(change) or key is None:
        return
    for disk in ("boot_disk", "data_disks"):
        planned = change.planned(*_SETUP, disk, 0, "kms_key")
        if not is_key(planned, key):
            shown = "an unknown key" if planned is UNKNOWN else planned or "Google's keys"
            yield finding(
                "customer-key", change, f"{disk} would be encrypted with {shown}", f"set kms_key to {key}"
            )


def _protected(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not goes(change):
        return
    wanted = surroundings.notebooks.get(change.name)
    before = change.before
    protected = before.get("enable_deletion_protection") or before.get("deletion_policy") == "PREVENT"
    if protected and change.reason == "replace_because_tainted":
        # No edit of the fleet file gets past this: while it is marked, Terraform only plans to replace it.
        folder = f".nbp/{surroundings.fleet.name}-{surroundings.fleet.target}"
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


def _shared_accounts(plan: TerraformPlan) -> Iterator[Finding]:
    users: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        if change.type == NOTEBOOK and stays(change):
            email = change.planned(*_SETUP, "service_accounts", 0, "email")
            if isinstance(email, str) and change.planned("enable_managed_euc") is not True:
                users[email].append(change)
    for email, changes in users.items():
        for change in changes[1:]:
            yield finding(
                "shared-service-account",
                change,
                f"the notebook would share {email} with {changes[0].address}",
                "give the notebook a service account of its own: one person's rights must not be another's",
            )


def _before(change: Change) -> Mapping[str, str]:
    setup = listed(change.before.get("gce_setup"))
    return (setup[0].get("metadata") or {}) if setup else {}


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    NOTEBOOK: (
        _public_ip,
        _ip_forwarding,
        _service_account,
        _managed_euc,
        _owner,
        _exemptible,
        _measured_boot,
        _metadata,
        _disk_keys,
        _protected,
    )
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_shared_accounts,)
