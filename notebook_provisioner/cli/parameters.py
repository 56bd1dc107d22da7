"""Types of options: a value that is none is a usage error, which names the option and what would be right.

Cheap to import, as ``--help`` pays for it. What stands in the fleet file is held to the same rules there, and
is a finding.
"""

import os
import re
import shlex
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar, cast

import click


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the work: of one fleet's notebooks, or of several fleets, each of them whole.

    Attributes:
        index: Its number, from 0.
        count: How many parts there are.
    """

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1/8``, the first of eight.

        Raises:
            ValueError: *text* is no shard.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ValueError(f"{text!r} is no shard; write 1/8 for the first of eight")
        return cls(int(found[1]) - 1, int(found[2]))

    @classmethod
    def of_task(cls) -> Self:
        """The part of this task, where Cloud Run runs several; else the whole fleet."""
        # Cloud Run sets these for a task; they count from 0 (unverified: no page was read)
        task, tasks = (os.environ.get(f"CLOUD_RUN_TASK_{name}") for name in ("INDEX", "COUNT"))
        return cls(int(task or 0), int(tasks or 1))

    def __str__(self) -> str:
        """As it is written: ``1/8``."""
        return f"{self.index + 1}/{self.count}"

    @property
    def suffix(self) -> str:
        """What tells its lease from those of the other parts; empty for the whole fleet."""
        return f"-{self.index + 1}-of-{self.count}" if self.count > 1 else ""

    def takes(self, key: tuple[str, str]) -> bool:
        """Whether the notebook of this zone and name is in it."""
        return self.count == 1 or zlib.crc32("/".join(key).encode()) % self.count == self.index

    def share(self, fleets: Iterable[str]) -> tuple[str, ...]:
        """The fleet files, of several, that are in it. No two shards differ by more than one."""
        return tuple(sorted(set(fleets))[self.index :: self.count])


@dataclass(frozen=True, slots=True)
class StorageObject:
    """An object in Cloud Storage.

    Attributes:
        bucket: The bucket's name.
        name: The object's name.
    """

    bucket: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``gs://BUCKET/OBJECT``.

        Raises:
            ValueError: *text* is none.
        """
        found = re.fullmatch(r"gs://([^/\s]+)/(\S+)", text)
        if found is None:
            raise ValueError(f"{text!r} is no object in Cloud Storage; write gs://BUCKET/OBJECT")
        return cls(found[1], found[2])


T = TypeVar("T")


class _Parsed(click.ParamType, Generic[T]):  # type: ignore[type-arg]  # generic since Click 8.4
    """A type that a function reads.

    Args:
        name: The type's name.
        read: Returns the value of a text; raises ``ValueError`` with what is wrong and what would be right.
    """

    def __init__(self, name: str, read: Callable[[str], T]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:  # noqa: ANN401  # Click's own signature
        """Read what was given; a default is a value already."""
        if not isinstance(value, str):
            return cast("T", value)
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _program(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no command: {error}; quote its arguments as for a shell") from None


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"{text!r} has no value; write KEY=VALUE, as in team=research")
    return key, value


def _duration(text: str) -> str:
    from notebook_provisioner.core.fleet.formats import Duration

    return _as_in_the_fleet_file(text, Duration)


def _image_family(text: str) -> str:
    from notebook_provisioner.core.fleet.names import ImageName

    return _as_in_the_fleet_file(text, ImageName)


def _label_key(text: str) -> str:
    from notebook_provisioner.core.fleet.formats import LabelKey

    return _as_in_the_fleet_file(text, LabelKey)


def _as_in_the_fleet_file(text: str, kind: Any) -> str:  # noqa: ANN401  # an annotated type
    from pydantic import TypeAdapter, ValidationError

    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        context = error.errors()[0]["ctx"]
        raise ValueError(f"{context['said']}; {context['remedy']}") from None


DURATION: Final = _Parsed("time", _duration)  # as the fleet file has it: 1y6m
IMAGE_FAMILY: Final = _Parsed("family", _image_family)
LABEL: Final = _Parsed("label", _label)  # its key and value
LABEL_KEY: Final = _Parsed("label", _label_key)
PROGRAM: Final = _Parsed("program", _program)  # with its arguments
SHARD: Final = _Parsed("shard", Shard.parse)
STORAGE_OBJECT: Final = _Parsed("object", StorageObject.parse)
