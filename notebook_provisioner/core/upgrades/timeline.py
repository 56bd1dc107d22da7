"""The calendar of upgrades as a picture: one HTML file, with no script and nothing from elsewhere.

Names come from the fleet file and from the API, and are text wherever they stand: the templates escape, and
the page's own policy lets nothing run or load.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import DictLoader, Environment, StrictUndefined

from notebook_provisioner.core.upgrades.plan import LeftOut, ScheduledUpgrade, UpgradePlan, Wave

_APART: Final = timedelta(hours=6)  # upgrades that lie further apart are in pictures of their own
_HOUR: Final = timedelta(hours=1)

# Lengths in the picture's own units; it scales to the page.
_WIDTH: Final = 1_000
_MARGIN: Final = 8
_ROW: Final = 30
_BAR: Final = 22
_AXIS: Final = 26
_LETTER: Final = 7.2
_PADDING: Final = 12
_TICKS: Final = 12  # at most, in one picture
_TICK_ROOM: Final = 40  # what a tick's label takes
_DAY_ROOM: Final = 52  # what a day's label takes


@dataclass(frozen=True, slots=True)
class Bar:
    """One upgrade in a picture: where it is drawn, and what it says."""

    upgrade: ScheduledUpgrade
    wave: int
    x: float
    y: float
    width: float
    label: str
    start: str
    end: str
    latest: str
    deadline: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A full hour on the axis; its label is empty where there is no room for it."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Session:
    """Upgrades that lie together in time, and the time until the last of their windows closes."""

    title: str
    day: date
    time_zone: str
    waves: str
    canary: bool
    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A session in the overview."""

    x: float
    y: float
    width: float
    height: float
    canary: bool
    day: date
    count: int
    is_labelled: bool


def render(plan: UpgradePlan, *, fleet: str, project: str, templates: Mapping[str, str]) -> str:
    """The page.

    Args:
        plan: The plan.
        fleet: The fleet's name.
        project: The project's id.
        templates: ``timeline.html.j2`` and ``timeline.css``.
    """
    style = templates["timeline.css"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=DictLoader(dict(templates)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = sessions(plan)
    groups: dict[str, list[LeftOut]] = defaultdict(list)
    for item in plan.left_out:
        groups[item.why.value].append(item)
    return environment.get_template("timeline.html.j2").render(
        plan=plan,
        fleet=fleet,
        project=project,
        style=style,
        style_digest=digest,
        sessions=found,
        columns=overview(plan, found),
        left_out=sorted(groups.items()),
        width=_WIDTH,
        bar=_BAR,
        axis=_AXIS,
    )


def sessions(plan: UpgradePlan) -> tuple[Session, ...]:
    """The plan's upgrades, those together that lie together, each laid out on its lanes."""
    waves = plan.wave_of()
    groups: list[list[ScheduledUpgrade]] = []
    over: datetime | None = None
    for upgrade in plan.upgrades:
        if over is None or upgrade.start - over > _APART:
            groups.append([])
            over = upgrade.end
        groups[-1].append(upgrade)
        over = max(over, upgrade.end)
    return tuple(_session(group, [waves[item.key] for item in group]) for group in groups)


def overview(plan: UpgradePlan, found: Sequence[Session]) -> tuple[Column, ...]:
    """A column for each session, from the plan's beginning to its horizon."""
    if not found:
        return ()
    first = plan.made.date()
    days = max(1, (max(plan.until.date(), found[-1].day) - first).days + 1)
    most = max(len(session.bars) for session in found)
    width = min(14.0, _WIDTH / days * 0.7)
    columns: list[Column] = []
    labelled = float("-inf")
    for session in found:
        height = max(4.0, 64.0 * len(session.bars) / most)
        x = (max(0, (session.day - first).days) + 0.5) / days * _WIDTH - width / 2
        is_labelled = x - labelled >= _DAY_ROOM
        labelled = x if is_labelled else labelled
        columns.append(
            Column(
                round(x, 1),
                round(72 - height, 1),
                round(width, 1),
                round(height, 1),
                session.canary,
                session.day,
                len(session.bars),
                is_labelled,
            )
        )
    return tuple(columns)


def _session(group: Sequence[ScheduledUpgrade], waves: Sequence[Wave]) -> Session:
    zone = ZoneInfo(group[0].time_zone)
    begin = _floor(min(item.start for item in group))
    end = max(item.deadline for item in group)
    span = max(end - begin, _HOUR)
    scale = (_WIDTH - 2 * _MARGIN) / span.total_seconds()
    lanes = {lane: row for row, lane in enumerate(sorted({item.lane for item in group}))}

    def across(moment: datetime) -> float:
        return round(_MARGIN + (moment - begin).total_seconds() * scale, 1)

    bars = []
    for item, wave in zip(group, waves, strict=True):
        width = max(2.0, round(item.expected.total_seconds() * scale, 1) - 2)
        bars.append(
            Bar(
                upgrade=item,
                wave=wave.number,
                x=across(item.start),
                y=_AXIS + lanes[item.lane] * _ROW + (_ROW - _BAR) / 2,
                width=round(width, 1),
                label=_shortened(item.name, width),
                start=_clock(item.start, zone),
                end=_clock(item.end, zone),
                latest=_clock(item.start_not_after, zone),
                deadline=_clock(item.deadline, zone),
            )
        )
    hours = int(span / _HOUR) + 1
    step = -(-hours // _TICKS)
    moments = [begin + number * step * _HOUR for number in range(hours // step + 1)]
    numbers = sorted({wave.number for wave in waves})
    local = min(item.start for item in group).astimezone(zone)
    return Session(
        title=f"{local:%A} {local.day} {local:%B %Y}",
        day=local.date(),
        time_zone=group[0].time_zone,
        waves=", ".join(map(str, numbers)),
        canary=any(item.canary for item in group),
        height=_AXIS + len(lanes) * _ROW + 4,
        bars=tuple(bars),
        ticks=tuple(_tick(across(moment), moment, zone) for moment in moments if moment <= end),
    )


def _tick(x: float, moment: datetime, zone: ZoneInfo) -> Tick:
    return Tick(x, _clock(moment, zone) if x < _WIDTH - _TICK_ROOM else "")


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def _shortened(name: str, width: float) -> str:
    """As much of *name* as fits into a bar; nothing where that would tell nobody anything."""
    room = int((width - _PADDING) / _LETTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room > 3 else ""  # noqa: PLR2004  # letters
