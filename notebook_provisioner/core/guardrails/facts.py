"""What the guardrails share: how a rule looks, and how a finding gets its weight."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, Change, TerraformPlan

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WEIGHTS: Final = {"high": Severity.ERROR, "medium": Severity.WARNING}
_WIDEST: Final = {4: 8, 6: 32}  # the prefix of a range that is still a list and not the Internet


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may ask about besides the change.

    Attributes:
        fleet: The fleet file.
        notebooks: Its notebooks with every value filled in, by name.
        made: Types of the resources that the plan makes anew.
        scripts: The post-startup scripts that the fleet file makes, by notebook; empty where nobody asked.
    """

    fleet: Fleet
    notebooks: Mapping[str, ResolvedNotebook]
    made: frozenset[str]
    scripts: Mapping[str, str] = field(default_factory=dict)


Rule = Callable[[Change, Surroundings], Iterator[Finding]]
PlanRule = Callable[[TerraformPlan, Surroundings], Iterator[Finding]]


class Addressed(Protocol):
    """Whatever stands at an address of the plan."""

    @property
    def address(self) -> str: ...  # noqa: D102  # as in Change


class Planned(Addressed, Protocol):
    """A resource as it will be: one that the plan changes, or one that it leaves."""

    @property
    def type(self) -> str: ...  # noqa: D102  # as in Change

    def planned(self, *path: str | int) -> Any: ...  # noqa: ANN401, D102  # as in Change


@dataclass(frozen=True, slots=True)
class Absent:
    """What ought to stand in a plan, and does not."""

    address: str


def after(plan: TerraformPlan) -> Sequence[Planned]:
    """All that is there after the plan."""
    return [*(change for change in plan.changes if stays(change)), *plan.unchanged]


def finding(control: str, one: Addressed, message: str, remedy: str) -> Finding:
    """Say that *one* breaks *control*, with the control's own weight."""
    return Finding(control, _WEIGHTS[CONTROLS[control].severity], one.address, message, remedy)


def stays(change: Change) -> bool:
    """Whether the resource is there after the plan."""
    return change.action not in {Action.DELETE, Action.FORGET}


def goes(change: Change) -> bool:
    """Whether the resource, as it is, is deleted."""
    return change.action in {Action.DELETE, Action.REPLACE}


def comes(change: Change) -> bool:
    """Whether the resource is made anew."""
    return change.action in {Action.CREATE, Action.REPLACE}


def listed(value: Any) -> Sequence[Any]:  # noqa: ANN401  # any planned value
    """A planned list; nothing where it is absent or unknown."""
    return value if isinstance(value, list) else ()


def of_blocks(one: Planned, *path: str | int, attribute: str) -> list[Any]:
    """An attribute of each block of a planned list; ``UNKNOWN`` where it is, or the whole block."""
    return [one.planned(*path, number, attribute) for number in range(len(listed(one.planned(*path))))]


def shown(value: object) -> str:
    """A planned value, for a message."""
    return "unknown" if value is UNKNOWN else "absent" if value is None else str(value)


def last_part(name: object) -> str:
    """A name without the place before it, which Google writes in more than one way; empty while unknown."""
    return name.rpartition("/")[2] if isinstance(name, str) else ""


def network(text: str | None) -> Network:
    """An address or range; host bits are allowed. One that is not known, in a list, is everything."""
    return ipaddress.ip_network("0.0.0.0/0" if text is None else text, strict=False)


def is_wide(ranges: Sequence[str | None]) -> bool:
    """Whether *ranges*, joined where they touch, hold one that is wider than any list of destinations."""
    networks = [network(text) for text in ranges]
    joined: list[Network] = [
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv6Network)),
    ]
    return any(one.prefixlen < _WIDEST[one.version] for one in joined)
