"""Ask a port or a sandbox from outside."""

import http.client
import json
import socket
from typing import Any, Final

from notebook_provisioner.sandbox.environment import Connection

HOST: Final = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether something could listen on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(address: tuple[str, int]) -> bool:
    """Whether a sandbox answers at *address*."""
    # http.client, since urllib would ask a proxy for 127.0.0.1 where one is set in the environment
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def ask_status(connection: Connection) -> dict[str, Any]:
    """What a sandbox says about itself (``GET /sandbox/v1/status``); empty where it does not."""
    host, _, port = connection.url.removeprefix("http://").partition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        client.request("GET", "/sandbox/v1/status", headers={"Authorization": f"Bearer {connection.token}"})
        document: dict[str, Any] = json.loads(client.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        client.close()
    return document
