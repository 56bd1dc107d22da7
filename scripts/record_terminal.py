"""Draw what a command prints on a terminal as an SVG.

    python scripts/record_terminal.py OUT.svg [--last LINES] [--columns N] -- COMMAND [ARG ...]

The command runs on a pseudo-terminal, so that it prints what it prints for a person. With ``--last`` only
the end of its output is drawn.
"""

import argparse
import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

FONT_FROM_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def record(command: list[str], columns: int) -> str:
    """Run a command on a pseudo-terminal of *columns*; return everything that it printed.

    Raises:
        SystemExit: The command failed.
    """
    printed = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 4096)
        printed.extend(data)
        return data

    os.environ["COLUMNS"] = str(columns)
    status = os.waitstatus_to_exitcode(pty.spawn(command, read))
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}")
    return printed.decode("utf-8", errors="replace").replace("\r\n", "\n")


def main() -> None:
    """Record and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--last", type=int, default=0, metavar="LINES", help="draw only so many lines")
    parser.add_argument("--columns", type=int, default=110, metavar="N", help="width of the terminal")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    lines = record(arguments.command, arguments.columns).rstrip("\n").split("\n")[-arguments.last :]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(
            record=True, width=arguments.columns, file=nowhere, force_terminal=True, highlight=False
        )
        prompt = f"[bold]$ {' '.join(arguments.command)}[/]" + (" [dim]…[/]" if arguments.last else "")
        console.print(prompt)
        console.print(Text.from_ansi("\n".join(lines)))
        drawing = console.export_svg(title="notebook-provisioner")
        arguments.out.write_text(FONT_FROM_ELSEWHERE.sub("", drawing), encoding="utf-8")


if __name__ == "__main__":
    main()
