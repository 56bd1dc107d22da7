"""Write which values the modules give to which arguments: what every plan is held to.

    python scripts/generate_arguments.py [--check]

Reads ``terraform/modules``, as ``terraform fmt`` leaves it, and the provider's schemas. Written down are, for
each type of resource of a fleet's plan, the arguments whose value no fleet file decides: one that no module
writes, with its default or none; and one that the modules write out as a plain value, with those values. What
the API fills in where nobody writes it stands apart: a plan tells only sometimes who wrote it. Words for
people are left out. With ``--check`` nothing is written, and the exit status is 1 where something is stale.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from notebook_provisioner.catalog import resources

REPOSITORY = Path(__file__).resolve().parents[1]
MODULES = REPOSITORY / "terraform" / "modules"
SCHEMAS = REPOSITORY / "notebook_provisioner" / "sandbox" / "provider" / "schema" / "resources"
CATALOGUE = REPOSITORY / "notebook_provisioner" / "catalog" / "arguments.json"

_OUTSIDE = frozenset({"applier", "org-guardrails"})  # in no fleet's plan
_WORDS = frozenset({"content", "description", "display_name", "documentation", "rule_name", "title"})
_META = frozenset({"timeouts"})
# What a control of medium severity weighs, or one that a fleet file can switch off.
_WEIGHED = frozenset({"enable_logging", "identity_type", "lifecycle_rule", "versioning"})
# What is judged by what is open then, wherever it stands.
_JUDGED = frozenset(
    {"google_compute_firewall.disabled", "google_compute_network_firewall_policy_rule.disabled"}
)
# What the provider sets where nobody writes it, and shows in the plan (hashicorp/google, tpgresource/utils.go
# and resource_storage_bucket_object.go).
_PROVIDERS_OWN = frozenset(
    {"deletion_policy", "detect_md5hash", "id", "location", "project", "region", "zone"}
)
_RESOURCE = re.compile(r'^resource "(\w+)" "\w+" \{$')
_BLOCK = re.compile(r'^(?:dynamic "(\w+)"|(\w+)) \{$')
_ATTRIBUTE = re.compile(r"^(\w+) *= (.*)$")
_PLAIN = re.compile(r'"[^"$%\\]*"|true|false|-?\d+(\.\d+)?')
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}

Written = dict[str, list[str]]


def written(text: str) -> Iterator[tuple[str, str, str]]:
    """Every argument of every resource: its type, its path, dotted, and its expression's first line."""
    kind, path, depth = "", list[str](), 0
    for raw in text.splitlines():
        line = re.sub(r" #.*", "", raw).strip()
        if depth:
            depth += _opened(line)
        elif not kind:
            matched = _RESOURCE.match(raw)
            kind = matched[1] if matched else ""
            if kind:
                yield kind, "", ""  # one more of its type
        elif line == "}":
            kind, path = (kind, path[:-1]) if path else ("", [])
        elif matched := _BLOCK.match(line):
            path = [*path, matched[1] or matched[2]]
            yield kind, _dotted(path), ""
        elif matched := _ATTRIBUTE.match(line):
            yield kind, _dotted([*path, matched[1]]), matched[2]
            depth = _opened(matched[2])


def _opened(line: str) -> int:
    return sum(_DEPTH.get(letter, 0) for letter in re.sub(r'"(\\.|[^"\\])*"', "", line))


def _dotted(path: list[str]) -> str:
    return ".".join(part for part in path if part != "content")


def catalogue() -> dict[str, dict[str, Any]]:
    """What the modules write, and what they do not: by type of resource and path."""
    found: dict[str, Written] = defaultdict(lambda: defaultdict(list))
    for path in sorted(MODULES.glob("*/*.tf")):
        if path.parent.name not in _OUTSIDE:
            for kind, place, expression in written(path.read_text(encoding="utf-8")):
                found[kind][place].append(expression)
    return {kind: _catalogue(kind, found[kind]) for kind in sorted(resources.TYPES)}


def _catalogue(kind: str, ours: Written) -> dict[str, Any]:
    schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
    rows = {path: row for path, row in sorted(_rows(schema, ours, "")) if f"{kind}.{path}" not in _JUDGED}
    return {
        "held": {path: values for path, values in rows.items() if values is not None},
        "filled_in": [path for path, values in rows.items() if values is None],
    }


def _rows(schema: Mapping[str, Any], ours: Written, path: str) -> Iterator[tuple[str, list[Any] | None]]:
    """Each path with the values that it may have; None for what the API fills in."""
    for name, row in schema.get("attributes", {}).items():
        place = f"{path}{name}"
        default = [row["default"]] if "default" in row else []
        if name in _WORDS | _WEIGHED | _PROVIDERS_OWN or row["mode"] == "computed":
            continue
        if place in ours:
            left_out = len(ours[place]) < len(ours[path.removesuffix(".")])
            is_filled_in = left_out and "computed" in row["mode"]
            if all(map(_PLAIN.fullmatch, ours[place])) and not is_filled_in:
                values = [json.loads(one) for one in ours[place]] + (default if left_out else [])
                yield place, list(dict.fromkeys(values))
        else:
            yield place, default if row["mode"] == "optional" else None
    for name, block in schema.get("blocks", {}).items():
        if name in _WORDS | _WEIGHED | _META:
            continue
        if f"{path}{name}" in ours:
            yield from _rows(block, ours, f"{path}{name}.")
        else:
            yield f"{path}{name}", None if block.get("computed") else []


def main() -> int:
    """Write the catalogue, or say that it is stale."""
    text = json.dumps(catalogue(), indent=1) + "\n"
    if CATALOGUE.exists() and CATALOGUE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(
            f"stale: {CATALOGUE.relative_to(REPOSITORY)}\nrun: python scripts/generate_arguments.py",
            file=sys.stderr,
        )
        return 1
    CATALOGUE.write_text(text, encoding="utf-8")
    print(f"wrote {CATALOGUE.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
