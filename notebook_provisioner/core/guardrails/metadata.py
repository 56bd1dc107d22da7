"""Guardrails for a notebook's metadata: the guest's hardening controls, and what would run code there."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.model import Control
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, shown, stays
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

_PINNED_SCRIPT: Final = re.compile(r"gs://(?P<bucket>[^/]+)/.+/[0-9a-f]{64}\.sh")
_SCRIPT_REMEDY: Final = "let the fleet file's packages, repositories and user_script make the script"
_SETUP: Final = ("gce_setup", 0)
_METADATA: Final = (*_SETUP, "metadata")
_FIXED: Final = {"report-event-health": "true", "serial-port-logging-enable": "true"}
_DISABLING_KEYS: Final[tuple[Control, ...]] = (
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-disable-root",
    "notebook-disable-terminal",
)


def _exemptible(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """What the fleet file may switch off for a notebook; one that is not in it has no exemption."""
    if not stays(change):
        return
    notebook = surroundings.notebooks.get(change.name)
    off: list[tuple[Control, Any]] = []
    for key in _DISABLING_KEYS:
        value = change.planned(*_METADATA, key)
        if value != "true":
            off.append((key, value))
    timeout = change.planned(*_METADATA, "idle-timeout-seconds")
    longest = notebook.idle_timeout_seconds if notebook is not None else None
    if timeout is UNKNOWN or not timeout or (longest is not None and not _is_within(timeout, longest)):
        off.append(("idle-timeout-seconds", timeout))
    boot = change.planned(*_SETUP, "shielded_instance_config", 0, "enable_secure_boot")
    if boot is not True:
        off.append(("secure-boot", boot))
    for control, value in off:
        if notebook is not None and notebook.is_exempt(control):
            continue
        yield finding(
            control,
            change,
            f"{control} would be off or weaker ({shown(value)}), and the fleet file grants no exemption",
            f"leave it on, or give {change.name} an exemption from {control}, with reason and expiry date",
        )


def _is_within(timeout: object, longest: int) -> bool:
    return str(timeout).isdecimal() and int(str(timeout)) <= longest


def _doors(change: Change, _: Surroundings) -> Iterator[Finding]:
    """SSH keys of the project, and the serial console."""
    if not stays(change):
        return
    managed = change.planned("enable_managed_euc") is True  # Google blocks SSH altogether then
    if not managed and change.planned(*_METADATA, "block-project-ssh-keys") != "true":
        yield finding(
            "project-ssh-keys",
            change,
            "SSH keys of the whole project would open the notebook",
            'set the metadata key block-project-ssh-keys to "true"',
        )
    console = change.planned(*_METADATA, "serial-port-enable")
    if console is UNKNOWN or str(console or "").lower() in {"true", "1"}:
        yield finding(
            "serial-console",
            change,
            "the interactive serial console would be open",
            "leave serial-port-enable false; its log is there with serial-port-logging-enable",
        )


def _keys(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Keys that Workbench owns, keys that run code or let people in past IAM, and keys that nobody knows."""
    if not stays(change):
        return
    if change.planned(*_METADATA) is UNKNOWN:
        said = "nobody can see which metadata keys the notebook would have"
        yield finding("code-in-metadata", change, said, "write the metadata out, so that a plan shows it")
        return
    planned = _planned(change)
    # A value that is there already is Workbench's own: the provider carries it along.
    before = _before(change)
    for key in sorted(planned.keys() & metadata_keys.PROTECTED.keys()):
        if planned[key] != before.get(key):
            said = f"Workbench owns the metadata key {key}"
            yield finding("protected-metadata", change, said, f"take {key} out")
    for key in sorted(planned.keys() & metadata_keys.CODE.keys()):
        yield finding(
            "code-in-metadata",
            change,
            f"the metadata key {key} would run code past review, or let people in past IAM",
            f"take {key} out: {metadata_keys.CODE[key]}",
        )
    for key, value in sorted(_settled(change, surroundings).items()):
        if key in planned and planned[key] not in {value, before.get(key)}:
            said = f"the metadata key {key} would be {shown(planned[key])}, and not {value or 'absent'}"
            yield finding("code-in-metadata", change, said, "leave it to metadata in the fleet file")
    for key in sorted(planned.keys() - metadata_keys.KNOWN):
        if planned[key] != before.get(key):
            said = f"nobody knows what the metadata key {key} would make the notebook do"
            yield finding(
                "code-in-metadata", change, said, f"take {key} out; nbp check names the keys it knows"
            )


def _settled(change: Change, surroundings: Surroundings) -> Mapping[str, str | None]:
    """Keys whose values the modules fix, and those that a fleet file may set."""
    notebook = surroundings.notebooks.get(change.name)
    said = notebook.metadata if notebook is not None else {}
    return {**_FIXED, **{key: said.get(key) for key in metadata_keys.ALLOWED}}


def _post_startup_source(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    script = change.planned(*_METADATA, "post-startup-script")
    if not stays(change):
        return
    bucket = _bucket(surroundings)
    matched = _PINNED_SCRIPT.fullmatch(script) if isinstance(script, str) else None
    composed = _composed(change.name, surroundings)
    wanted = f"gs://{bucket}/{composed}" if composed is not None else None
    if script and (matched is None or matched["bucket"] != bucket):
        said = f"the notebook would run {'an unknown script' if script is UNKNOWN else script} at its start"
    elif wanted is not None and script != wanted:
        said = f"the notebook would run {script or 'no script'} at its start, and not {wanted}"
    else:
        return
    yield finding("post-startup-source", change, said, _SCRIPT_REMEDY)


def _script(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A script is what its name says, and what nbp composed: another would run as root at the next start."""
    bucket, name, content = map(change.planned, ("bucket", "name", "content"))
    scripts = _bucket(surroundings)
    if not stays(change) or (bucket not in {scripts, UNKNOWN} and not str(name).endswith(".sh")):
        return
    digest = hashlib.sha256(content.encode()).hexdigest() if isinstance(content, str) else None
    if digest is None or not isinstance(name, str) or not name.endswith(f"/{digest}.sh"):
        said = f"the content of {shown(name)} would not be the one that its name is the SHA-256 of"
        yield finding("post-startup-source", change, said, _SCRIPT_REMEDY)
    elif surroundings.scripts and name != _composed(name.split("/")[-2], surroundings):
        said = f"{name} would be no script that the fleet file makes"
        yield finding("post-startup-source", change, said, _SCRIPT_REMEDY)


def _bucket(surroundings: Surroundings) -> str:
    return bucket_name(surroundings.fleet.project, surroundings.fleet.name, "scripts")


def _composed(notebook: str, surroundings: Surroundings) -> str | None:
    """Where the module script-bucket puts the script that the fleet file makes for a notebook."""
    script = surroundings.scripts.get(notebook)
    return script and f"post-startup/{notebook}/{hashlib.sha256(script.encode()).hexdigest()}.sh"


def _planned(change: Change) -> Mapping[str, Any]:
    """Every key that the notebook would have, unknown values included."""
    known = change.planned(*_METADATA) or {}
    setup = listed(change.unknown.get("gce_setup"))
    marks = setup[0].get("metadata") if setup and isinstance(setup[0], Mapping) else None
    unknown = {key for key, mark in marks.items() if mark} if isinstance(marks, Mapping) else set()
    return {**known, **dict.fromkeys(unknown, UNKNOWN)}


def _before(change: Change) -> Mapping[str, str]:
    setup = listed(change.before.get("gce_setup"))
    return (setup[0].get("metadata") or {}) if setup else {}


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    NOTEBOOK: (_exemptible, _doors, _keys, _post_startup_source),
    "google_storage_bucket_object": (_script,),
}
