"""What a step's file says of itself, and the order that follows from it.

A step is ``<id>.sh.j2``. It begins with a Jinja comment that holds YAML:

    {#
    why: The user's files are on the disk that upgrades keep.
    needs: []                         ids of steps that come first
    images: [debian-11, debian-12]    kinds of image that it is for; on others it is skipped, with a word
    hardening: true                   whether its failure may stop Jupyter
    #}

and defines the function ``step_<id>``, which is idempotent and checks its own effect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, get_args

import yaml

from notebook_provisioner.core.post_startup.quoting import Comment, Raw
from notebook_provisioner.core.post_startup.values import ImageKind

FRAME: Final = "script.sh.j2"
HELPERS: Final = ("report.sh.j2", "files.sh.j2")  # functions for the steps, in the order that they stand

_HEADER: Final = re.compile(r"\{#\n(.*?)#\}\n", re.DOTALL)
_SUFFIX: Final = ".sh.j2"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the script.

    Attributes:
        id: What the script calls it when it reports.
        why: What it is there for.
        needs: Ids of the steps that come before it.
        images: Kinds of image that it is for, separated by spaces.
        hardening: Whether its failure may stop Jupyter.
        template: Its file.
        function: What ``main`` calls.
    """

    id: Raw
    why: Comment
    needs: tuple[str, ...]
    images: str
    hardening: bool
    template: str
    function: Raw


def read_steps(templates: Mapping[str, str]) -> tuple[Step, ...]:
    """Read the steps' headers, and put the steps into order.

    Steps that nothing orders stand by id: the order depends on nothing else.

    Raises:
        ValueError: A header is not as it should be, or steps need each other.
    """
    steps = {
        name.removesuffix(_SUFFIX): _read(name, text)
        for name, text in templates.items()
        if name.endswith(_SUFFIX) and name != FRAME and name not in HELPERS
    }
    for step in steps.values():
        if unknown := set(step.needs) - steps.keys():
            raise ValueError(f"{step.template} needs {', '.join(sorted(unknown))}, and there is no such step")
    sorter = TopologicalSorter({name: steps[name].needs for name in sorted(steps)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"steps need each other: {' → '.join(error.args[1])}") from None
    ordered: list[Step] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [steps[name] for name in ready]
        sorter.done(*ready)
    return tuple(ordered)


def _read(name: str, text: str) -> Step:
    found = _HEADER.match(text)
    header = yaml.safe_load(found[1]) if found else None
    if not isinstance(header, dict) or header.keys() != {"why", "needs", "images", "hardening"}:
        raise ValueError(f"{name} does not begin with a header of why, needs, images, hardening")
    if unknown := set(header["images"]) - set(get_args(ImageKind)):
        raise ValueError(f"{name} is for {', '.join(sorted(unknown))}, and there is no such kind of image")
    step = name.removesuffix(_SUFFIX)
    return Step(
        id=Raw(step),
        why=Comment(header["why"]),
        needs=tuple(header["needs"]),
        images=" ".join(header["images"]),
        hardening=bool(header["hardening"]),
        template=name,
        function=Raw(f"step_{step.replace('-', '_')}"),
    )
