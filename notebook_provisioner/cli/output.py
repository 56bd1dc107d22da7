"""What a command prints: results to stdout as a table or one JSON envelope, talk to stderr.

The envelope (``nbp/1``) is a promise: keys are only ever added.
"""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final

import click

from notebook_provisioner.core.findings import Finding, Severity

if TYPE_CHECKING:
    from notebook_provisioner.core.errors import ProvisionerError

SCHEMA: Final = "nbp/1"

_LAST_COLUMN: Final = 24  # characters that a table's last column wants beside the others
_RICH_ROWS: Final = 100  # a longer table that nobody sees on a terminal is aligned without rich: 1 ms a row

_SEVERITY_STYLE: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


class Status(StrEnum):
    """How a command ended, for the envelope."""

    OK = "ok"
    PARTIAL = "partial"
    ERROR = "error"
    REFUSED = "refused"


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911  # a case a line; any frozen fact goes in, JSON types come out
    """Turn frozen facts into JSON types: dataclasses and models to objects, enums to their words."""
    if isinstance(value, Enum):
        return value.name.lower() if isinstance(value, int) else value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """Where a command's results and talk go.

    Attributes:
        command: The command's words, as in ``snapshots prune``.
        json: One JSON envelope on stdout in place of tables.
        log: Errors become log lines: a scheduled job's output is read by Cloud Logging, and an alert by it.
        about: What log lines say besides, as which fleet they are about.
        told: What was found beside the command's own findings; part of its envelope.
        deliver: Gets the JSON envelope in place of stdout, where it is one of several.
    """

    command: str
    json: bool = False
    log: bool = False
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)
    told: tuple[Finding, ...] = ()
    deliver: Callable[[dict[str, Any]], None] | None = None

    def say(self, text: str = "") -> None:
        """Talk: progress, advice, what happens next. Goes to stderr."""
        click.echo(text, err=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a result as a table on stdout; nothing in JSON mode, where ``result`` carries the data."""
        if self.json:
            return
        if len(rows) > _RICH_ROWS and not sys.stdout.isatty():
            click.echo(_aligned([columns, *rows]))
            return
        terminal = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        if terminal is not None:
            lines = _aligned([columns[:-1], *(row[:-1] for row in rows)]).split("\n")
            if max(map(len, lines)) + _LAST_COLUMN > terminal:
                below = [columns[-1], *(row[-1] for row in rows)]
                for line, last in zip(lines, below, strict=True):  # nothing is cut, and nothing left out
                    click.echo(f"{line}\n    {last}" if last else line)
                return
        from rich.console import Console  # a tenth of a second that --help must not pay
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False
        )
        for column in columns[:-1]:
            table.add_column(column, no_wrap=True)
        table.add_column(columns[-1], overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console(width=terminal or 200, highlight=False).print(table)

    def text(self, text: str) -> None:
        """Print a result as plain text on stdout; nothing in JSON mode."""
        if not self.json:
            click.echo(text)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print findings to stderr, one a paragraph, the way compilers do; nothing in JSON mode."""
        if self.json:
            return
        for finding in findings:
            where = f"{finding.location}: " if finding.location else ""
            severity = click.style(finding.severity.value, fg=_SEVERITY_STYLE[finding.severity], bold=True)
            self.say(f"{where}{severity}: {finding.subject}: {finding.message} [{finding.code}]")
            if finding.remedy:
                self.say(f"    {finding.remedy}")

    def result(self, data: Any, *, status: Status = Status.OK, findings: Sequence[Finding] = ()) -> None:  # noqa: ANN401
        """Print the JSON envelope of a command that ended by itself; nothing in table mode."""
        if self.json:
            self._envelope(status, data, findings, [])

    def error(self, error: "ProvisionerError") -> None:
        """Print an error with its findings and its way out."""
        if self.log:
            line = {"severity": "ERROR", "message": f"{self.command}: {error.message}", "code": error.code}
            line |= self.about
            self.say(json.dumps({**line, "hint": error.hint, "findings": plain(error.findings)}))
        if self.json:
            status = Status.REFUSED if error.exit_code == 4 else Status.ERROR  # noqa: PLR2004  # the CLI contract
            entry = {"code": error.code, "message": error.message, "hint": error.hint}
            self._envelope(status, error.data, error.findings, [entry])
        if self.json or self.log:
            return
        self.findings(error.findings)
        self.say(click.style("error", fg="red", bold=True) + f": {error.message}")
        if error.hint:
            self.say(click.style("hint", fg="cyan", bold=True) + f": {error.hint}")

    def _envelope(self, status: Status, data: object, findings: Sequence[Finding], errors: list[Any]) -> None:
        envelope = {
            "schema": SCHEMA,
            "command": self.command,
            "status": status.value,
            "data": plain(data),
            "findings": plain([*self.told, *findings]),
            "errors": errors,
        }
        if self.deliver is not None:
            self.deliver(envelope)
            return
        click.echo(json.dumps(envelope, indent=2, ensure_ascii=False))


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
