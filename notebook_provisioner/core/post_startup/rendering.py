"""Render a notebook's post-startup script: strict bash that reports how it ended.

The templates are shell with ``{{ values }}``. Every value is quoted for the shell by the Jinja environment
itself, whatever its template forgets; what is to stand bare must be wrapped in ``Raw``, here and not in a
template. The same notebook gives the same bytes, and so the same object name in the script bucket.
"""

import hashlib
import json
from collections.abc import Mapping

from jinja2 import DictLoader, Environment, StrictUndefined

from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook
from notebook_provisioner.core.post_startup.quoting import Comment, Raw, shell_form
from notebook_provisioner.core.post_startup.steps import FRAME, HELPERS, read_steps
from notebook_provisioner.core.post_startup.values import STORAGE, ImageKind, values
from notebook_provisioner.core.script_contract import DIGEST_LINE, body_sha256


class Renderer:
    """The templates, compiled once for all notebooks.

    Attributes:
        steps: The steps in the order that they run.
    """

    def __init__(self, templates: Mapping[str, str], *, version: str) -> None:
        """Compile *templates*: file name to text, of the project's ``post_startup`` folder.

        Programs that steps write to the notebook (``*.py``) are among them; templates say ``programs[NAME]``.

        Raises:
            ValueError: A step's header is not as it should be.
        """
        environment = Environment(
            loader=DictLoader(dict(templates)),
            undefined=StrictUndefined,
            finalize=shell_form,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701  # shell, not HTML: finalize quotes
        )
        self.steps = read_steps(templates)
        self._programs = {name: text.rstrip("\n") for name, text in templates.items() if name.endswith(".py")}
        self._frame = environment.get_template(FRAME)
        self._version = version

    def render(
        self,
        notebook: ResolvedNotebook,
        fleet: Fleet,
        *,
        image: ImageKind | None = None,
        storage_url: str = STORAGE,
    ) -> str:
        """Render one notebook's script.

        Args:
            notebook: The notebook as it shall be.
            fleet: The fleet that it is in.
            image: The kind of image, where the notebook's profile does not tell it: a former user-managed
                notebook.
            storage_url: Where Cloud Storage's JSON API answers the notebook.

        Returns:
            The script. It carries the version, a digest of what the fleet file says about this notebook, and
            a digest of itself without the line that holds it. The fleet file's digest is not the whole
            file's: every comment, and every other notebook, would then be a change to each.

        Raises:
            jinja2.UndefinedError: A template uses a value that is not there.
            TypeError: A template uses a value that has no shell form.
        """
        told = values(notebook, fleet, image=image, storage_url=storage_url)
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        script = self._frame.render(
            **told,
            version=self._version,
            fleet_sha256=digest,
            comment={
                "notebook": Comment(notebook.name),
                "version": Comment(self._version),
                "fleet_sha256": Raw(digest),
            },
            helpers=HELPERS,
            steps=self.steps,
            programs=self._programs,
        )
        lines = script.split("\n", DIGEST_LINE + 1)
        lines[DIGEST_LINE] = f"# body-sha256: {body_sha256(script)} (this script without this line)"
        return "\n".join(lines)


def render(notebook: ResolvedNotebook, fleet: Fleet, templates: Mapping[str, str], *, version: str) -> str:
    """Render one script; for many, keep a ``Renderer``."""
    return Renderer(templates, version=version).render(notebook, fleet)
