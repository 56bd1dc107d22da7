"""Render a notebook's post-startup script: strict bash that reports how it ended.

The templates are shell with ``{{ values }}``. Every value is quoted for the shell by the Jinja environment
itself, whatever its template forgets; what is to stand bare must be wrapped in ``Raw``, here and not in a
template. The same notebook gives the same bytes, and so the same object name in the script bucket.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined, Undefined

from notebook_provisioner.core.fleet import ResolvedNotebook

FRAME: Final = "script.sh.j2"
STATUS_ATTRIBUTE: Final = "notebook-provisioner/status"  # where the script reports: a guest attribute

_BARE: Final = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that is put into the script as it is. Letters, digits and ``_.+-`` only, so that it cannot act.

    Attributes:
        text: The text.
    """

    text: str

    def __post_init__(self) -> None:
        """Hold the text to what no shell interprets."""
        if not _BARE.fullmatch(self.text):
            raise ValueError(f"{self.text!r} cannot stand unquoted in a shell script")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the script, in a file of its own.

    Attributes:
        name: What the script calls it when it reports.
        template: Its file.
        function: What ``main`` calls; None for a file that only defines helpers.
    """

    name: Raw
    template: str
    function: Raw | None


STEPS: Final = (
    Step(Raw("report"), "report.sh.j2", None),
    Step(Raw("data-disk"), "data-disk.sh.j2", Raw("step_data_disk")),
)


def render(notebook: ResolvedNotebook, templates: Mapping[str, str], *, version: str) -> str:
    """Render one notebook's script.

    Args:
        notebook: The notebook as it shall be.
        templates: File name to text, of the project's ``post_startup`` folder.
        version: The project's version, for whoever reads the script on the VM.

    Returns:
        The script. It carries the version and a digest of the settings that it was rendered from; not of the
        whole fleet file, whose every comment would then be a change to every notebook.

    Raises:
        jinja2.UndefinedError: A template uses a value that is not there.
        TypeError: A template uses a value that has no shell form.
    """
    values = {
        "notebook": notebook.name,
        "jupyter_home": f"/home/{notebook.metadata.get('jupyter-user', 'jupyter')}",
    }
    settings = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
    environment = Environment(
        loader=DictLoader(dict(templates)),
        undefined=StrictUndefined,
        finalize=shell_form,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # shell, not HTML: finalize quotes
    )
    return environment.get_template(FRAME).render(
        **values,
        version=version,
        settings=settings,
        comment={"notebook": Raw(notebook.name), "version": Raw(version), "settings": Raw(settings)},
        steps=STEPS,
    )


def shell_form(value: Any) -> str:  # noqa: ANN401  # whatever a template names
    """Turn a value into shell words.

    Raises:
        TypeError: It has no such form.
        ValueError: It holds a NUL, which no shell word can.
    """
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Undefined):
        return str(value)  # which raises
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a shell word cannot hold a NUL")
        return shlex.quote(value)
    if isinstance(value, (list, tuple)):
        return " ".join(shell_form(item) for item in value)
    raise TypeError(f"{type(value).__name__} has no shell form")
