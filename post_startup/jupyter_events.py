"""Written by notebook-provisioner: Jupyter's events go to the system's journal, line by line as JSON.

What the journal has taken, the Jupyter account cannot take back; it can write what is not so.
"""

import logging.handlers
import socket

_handler = logging.handlers.SysLogHandler(
    address="/dev/log", facility=logging.handlers.SysLogHandler.LOG_AUTHPRIV, socktype=socket.SOCK_DGRAM
)
_handler.ident = "notebook-provisioner-jupyter: "
_handler.append_nul = False
c.EventLogger.handlers = [_handler]  # noqa: F821  # traitlets puts c there
