"""A notebook's post-startup script: rendered here, run as root on the notebook, reporting how it ended."""

from notebook_provisioner.core.post_startup.quoting import Comment, Raw, shell_form
from notebook_provisioner.core.post_startup.rendering import Renderer, render
from notebook_provisioner.core.post_startup.steps import Step, read_steps
from notebook_provisioner.core.post_startup.values import ImageKind, image_kind
from notebook_provisioner.core.script_contract import STATUS_ATTRIBUTE, body_sha256

__all__ = [
    "STATUS_ATTRIBUTE",
    "Comment",
    "ImageKind",
    "Raw",
    "Renderer",
    "Step",
    "body_sha256",
    "image_kind",
    "read_steps",
    "render",
    "shell_form",
]
