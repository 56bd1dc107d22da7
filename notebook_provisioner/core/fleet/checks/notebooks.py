"""Notebooks: names, profiles, labels, metadata, packages, variables."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from notebook_provisioner.catalog import labels as label_rules
from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.source import Path

_CREDENTIAL: Final = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY")
_TAKEN: Final = re.compile(
    r"(LD_|DYLD_|PYTHON|BASH_ENV$|ENV$|IFS$|PATH$|SHELL|JUPYTER_|IPYTHON|NBP_|NOTEBOOK_)"
)


def distinct_names(context: Context) -> Iterator[Finding]:
    """A name is one notebook's, whatever its zone: commands take names."""
    first: dict[str, Path] = {}
    for path, notebook in context.notebooks():
        if notebook.name in first:
            line = context.source.location((*first[notebook.name], "name")).line
            said = f"{notebook.name} is the notebook in line {line} already"
            yield context.error("duplicate-notebook", (*path, "name"), said, "give each its own name")
        first.setdefault(notebook.name, path)


def known_profiles(context: Context) -> Iterator[Finding]:
    """Every notebook has a profile, and it is there."""
    written_profiles = context.source.value.get("profiles")
    profiles = list(written_profiles if isinstance(written_profiles, dict) else context.fleet.profiles)
    for path, notebook in context.notebooks():
        name = notebook.profile or context.fleet.defaults.profile
        written = context.written_at(path, notebook, "profile")
        if name is None:
            remedy = f"write profile: {profiles[0]}, here or in defaults"
            yield context.error("missing-key", written, "the notebook has no profile", remedy)
        elif name not in profiles:
            near = difflib.get_close_matches(name, profiles, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"write one of {', '.join(profiles)}"
            yield context.error("unknown-profile", written, f"there is no profile {name}", remedy)


def used_profiles(context: Context) -> Iterator[Finding]:
    """A profile that no notebook has is a slip, or dead text."""
    used = {notebook.profile or context.fleet.defaults.profile for _, notebook in context.notebooks()}
    for name in context.fleet.profiles:
        if name not in used:
            said = f"no notebook has the profile {name}"
            yield context.warning("unused-profile", ("profiles", name), said, "take it out", key=True)


def known_canaries(context: Context) -> Iterator[Finding]:
    """Every canary is one of the notebooks."""
    names = {notebook.name for _, notebook in context.notebooks()}
    for index, name in enumerate(context.fleet.rollout.canaries):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            remedy = f"did you mean {near[0]}?" if near else "write one of the notebooks' names"
            said = f"there is no notebook {name}"
            yield context.error("unknown-canary", ("rollout", "canaries", index), said, remedy)


def labels(context: Context) -> Iterator[Finding]:
    """Labels that Google or this tool sets are not the file's to set."""
    holders: list[tuple[Path, Mapping[str, str]]] = [(("labels",), context.fleet.labels)]
    holders += [((*path, "labels"), settings.labels) for path, settings in context.settings()]
    for path, given in holders:
        for key in given:
            owner = next(
                (who for start, who in label_rules.RESERVED_PREFIXES.items() if key.startswith(start)), None
            )
            if key in label_rules.WORKBENCH:
                owner = "Workbench"
            if owner:
                said = f"the label {key} is set by {owner}"
                yield context.error("reserved-label", (*path, key), said, "take another key", key=True)


def label_count(context: Context) -> Iterator[Finding]:
    """A notebook's merged labels leave room for Google's and this tool's own."""
    room = label_rules.MAX_LABELS - len(label_rules.WORKBENCH) - 1
    for path, notebook in context.notebooks():
        merged = {**context.fleet.labels, **context.fleet.defaults.labels, **notebook.labels}
        if len(merged) > room:
            said = f"{len(merged)} labels, merged with the wider ones, are more than Google takes"
            yield context.error("too-many-labels", (*path, "labels"), said, f"write {room} or fewer")


def metadata(context: Context) -> Iterator[Finding]:
    """Keys that Workbench protects, that have a place of their own, or that nobody knows, are refused."""
    for path, settings in context.settings():
        for key in settings.metadata:
            place = (*path, "metadata", key)
            if key in metadata_keys.PROTECTED:
                said = f"{key} is protected: Workbench sets it itself"
                yield context.error("protected-metadata", place, said, "take it out", key=True)
            elif key in metadata_keys.TYPED:
                said = f"{key} is not set as metadata"
                yield context.error("typed-metadata", place, said, metadata_keys.TYPED[key], key=True)
            elif key not in metadata_keys.ALLOWED:
                near = difflib.get_close_matches(key, metadata_keys.ALLOWED, n=1, cutoff=0.8)
                said = f"{key} is no key that Google documents for users, and root reads it in the guest"
                remedy = f"did you mean {near[0]}? " if near else ""
                remedy += (
                    f"known here: {', '.join(metadata_keys.ALLOWED)}; values of your own go into environment"
                )
                yield context.error("unknown-metadata", place, said, remedy, key=True)


def packages(context: Context) -> Iterator[Finding]:
    """A package has one version. Names compare as PEP 503 says."""
    for path, settings in context.settings():
        seen: dict[str, str] = {}
        for index, package in enumerate(settings.packages):
            name = re.sub(r"[-_.]+", "-", re.split(r"[\[=]", package, maxsplit=1)[0]).lower()
            if name in seen:
                said = f"{package} is listed above as {seen[name]}"
                yield context.error("duplicate-package", (*path, "packages", index), said, "keep one")
            seen.setdefault(name, package)
        hashed = [" --hash=" in package for package in settings.packages]
        if any(hashed) and not all(hashed):
            said = f"{settings.packages[hashed.index(False)]} has no hash, and others have"
            remedy = "give every package its hashes, or none: pip takes all or nothing"
            yield context.error("package-hashes", (*path, "packages", hashed.index(False)), said, remedy)


def environment(context: Context) -> Iterator[Finding]:
    """Variables that programs take credentials from, or code, are no place for settings that all can read."""
    for path, settings in context.settings():
        for name in settings.environment:
            place = (*path, "environment", name)
            if _CREDENTIAL.search(name):
                said = f"{name} is a name for a credential, and the file is readable by everybody"
                remedy = "keep it in Secret Manager, and write the secret's name here under another key"
                yield context.error("credential-in-environment", place, said, remedy, key=True)
            elif _TAKEN.match(name):
                said = f"{name} changes which code runs, or is set by nbp"
                yield context.error("reserved-variable", place, said, "take another name", key=True)
