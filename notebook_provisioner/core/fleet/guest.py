"""What the post-startup script does inside a notebook: hardening, Jupyter, indexes, the user's own script."""

from typing import Annotated, Literal

from pydantic import Field

from notebook_provisioner.core.fleet import names
from notebook_provisioner.core.fleet.base import Model

Seconds = Annotated[int, Field(ge=300, le=86_400)]
Megabytes = Annotated[int, Field(ge=1, le=10_240)]


class Hardening(Model):
    """How strict the post-startup script is."""

    on_failure: Literal["report", "stop-jupyter"] = "report"
    """What a hardening step that fails, or cannot be verified, does besides reporting ERROR: `stop-jupyter`
    leaves the notebook without Jupyter until the script succeeds."""
    shell_escapes: Literal["allow", "block"] = "allow"
    """`block` takes `!`, `%%bash`, `%system` and their like out of IPython. A guard rail, no boundary: Python
    can still start programs."""
    unattended_upgrades: bool = False
    """Whether the Debian packages of the VM image upgrade by themselves; their source must be reachable."""


class AuditLog(Model):
    """What the notebook records about its use; Google's Ops Agent on it ships that to Cloud Logging."""

    commands: bool = False
    """Every program that the Jupyter account starts, with its arguments, recorded by the kernel. Needs the
    Debian package auditd."""
    jupyter: bool = False
    """Jupyter's own events: files read, written and renamed, kernels started and stopped."""


class Jupyter(Model):
    """Limits of the Jupyter server."""

    cull_idle_seconds: Seconds = 7200
    """Seconds of idleness until a kernel is shut down; a connected or a busy one never is."""
    max_body_mb: Megabytes = 512
    """MB that one request to the server may carry."""


class PackageIndex(Model):
    """Where packages come from; the public indexes are off."""

    pip: names.IndexUrl | None = None
    """An index in pip's form: an Artifact Registry repository, or a mirror."""
    conda: names.IndexUrl | None = None
    """A conda channel."""


class UserScript(Model):
    """A script of one's own, run by the post-startup script as its last step."""

    source: names.StorageObject
    """Where it is; the notebook's service account must be able to read it."""
    sha256: names.Sha256
    """Its SHA-256; anything else is refused."""
    run_as: Literal["jupyter", "root"] = "jupyter"
    """Who runs it."""
