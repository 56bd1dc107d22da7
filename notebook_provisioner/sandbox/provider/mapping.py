"""How a Terraform resource type maps onto a Google REST resource: one row each, in the ``rows`` package."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

from notebook_provisioner.sandbox.provider.settings import Settings
from notebook_provisioner.sandbox.provider.values import Object, is_unknown

_PLACEHOLDER: Final = re.compile(r"\{(%?)(\w+)\}")
_LINKED: Final = frozenset(
    {
        "project",
        "region",
        "zone",
        "router",
        "disk",
        "managed_zone",
        "subnetwork",
        "instance",
        "firewall_policy",
    }
)
"""Arguments that may hold a link, of which a path takes the last part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The REST side of a resource type.

    Paths are relative to the service's endpoint; ``{name}`` stands for an argument of the resource,
    ``{%name}`` for one that is quoted for a URL.

    Attributes:
        service: Google service, as in settings.py.
        collection: Path of the collection.
        item: Path of one resource; by default the collection and ``{name}``.
        identity: Terraform's ``id``; by default the item's path.
        import_forms: Forms of import ids beside those that follow from ``identity``.
        create: Method of creation; PUT goes to the item.
        create_query: Query string of creation, without "?".
        update: "PATCH" sends what differs, "MASK" also says so in ``updateMask``, "PUT" sends everything, and
            None means that everything that can change in place has its own method (or nothing can).
        fields: Terraform path (without indexes) to the API's path within the enclosing object, where it is
            not the camel-case of the name; None for what the API does not have.
        named_by_server: The API chooses the name, and ``name`` holds the whole of it.
        plan_defaults: What the plan fills in, where the configuration leaves it unset; the rest is known
            after apply.
    """

    service: str
    collection: str
    item: str = ""
    identity: str = ""
    import_forms: tuple[str, ...] = ()
    create: Literal["POST", "PUT"] = "POST"
    create_query: str = ""
    update: Literal["PATCH", "MASK", "PUT"] | None = "PATCH"
    fields: Mapping[str, str | None] = field(default_factory=dict)
    named_by_server: bool = False
    plan_defaults: tuple[str, ...] = ("project", "deletion_policy")

    @property
    def item_template(self) -> str:
        """Path of one resource."""
        return self.item or self.collection + "/{name}"

    @property
    def identity_template(self) -> str:
        """Terraform's ``id``."""
        return self.identity or self.item_template


class ImportIdError(ValueError):
    """An import id has none of the forms that its type takes."""


def fill(template: str, state: Object, settings: Settings) -> str:
    """Put arguments into a template; project, region and zone fall back to the provider's configuration.

    Raises:
        ValueError: An argument is not set anywhere.
    """

    def argument(match: re.Match[str]) -> str:
        name = match[2]
        value = state.get(name)
        if value is None or is_unknown(value):
            value = getattr(settings, name, None) if name in {"project", "region", "zone"} else None
        if value is None:
            raise ValueError(
                f"{name} is not set: give it in the resource"
                + (
                    f", the provider block or GOOGLE_{name.upper()}"
                    if name in {"project", "region", "zone"}
                    else ""
                )
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        text = text.rsplit("/", 1)[-1] if name in _LINKED else text
        return quote(text, safe="") if match[1] else text

    return _PLACEHOLDER.sub(argument, template)


def parse_identity(
    template: str, text: str, settings: Settings, *, others: tuple[str, ...] = ()
) -> dict[str, str]:
    """Read an import id: the full one, a self link, or only its variable parts, with or without the project.

    Args:
        template: The full one's form.
        text: What is read.
        settings: Where the project comes from.
        others: Forms that go before these.

    Raises:
        ImportIdError: The text fits none of these.
    """
    names = [name for _, name in _PLACEHOLDER.findall(template)]
    short = [name for name in names if name != "project"]
    forms = [
        *others,
        template,
        "/".join(f"{{{name}}}" for name in names),
        "/".join(f"{{{name}}}" for name in short),
    ]
    text = re.sub(r"^https?://[^/]+/(?:[a-z]+/)?v\d[a-z0-9]*/", "", text)
    for form in forms:
        pattern = re.sub(
            r"\\\{(\w+)\\\}",
            lambda match: f"(?P<{match[1]}>{'.+' if match[1] in _PATHS or len(names) == 1 else '[^/]+'})",
            re.escape(form),
        )
        match = re.fullmatch(pattern, text)
        if match:
            found = match.groupdict()
            if "project" in names and "project" not in found and settings.project:
                found["project"] = settings.project
            return found
    raise ImportIdError(f"import id {text!r} has none of the forms {', '.join(dict.fromkeys(forms))}")


_PATHS: Final = frozenset(
    {"key_ring", "parent", "name_path", "perimeter_name", "crypto_key_id", "service_account_id"}
)
"""Arguments whose value has slashes in it."""
