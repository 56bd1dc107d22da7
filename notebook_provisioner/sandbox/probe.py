"""Ask a port or a sandbox from outside."""

import http.client
import json
import socket
from typing import Final

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


def resources(connection: Connection) -> dict[str, int]:
    """What is in a sandbox, kind to number; empty where it does not say."""
    host, _, port = connection.url.removeprefix("http://").partition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        client.request("GET", "/sandbox/v1/status", headers={"Authorization": f"Bearer {connection.token}"})
        document = json.loads(client.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        client.close()
    return dict(document.get("resources", {}))
