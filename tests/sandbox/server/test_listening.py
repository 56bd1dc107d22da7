import socket

import pytest

from notebook_provisioner.sandbox.server.listening import listen


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_no_answer_waits_for_the_client_to_acknowledge_its_head():
    with listen() as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
