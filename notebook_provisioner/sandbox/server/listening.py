"""Where the sandbox listens."""

import socket


def listen(port: int = 0) -> socket.socket:
    """A socket on 127.0.0.1 whose connections send every answer at once.

    Uvicorn writes an answer's head and its body apart. On a connection that is kept open the kernel would
    hold the body back until the head is acknowledged, for which clients take 40 ms (Nagle's algorithm and
    delayed acknowledgements). asyncio turns that off for sockets that name their protocol; ``create_server``
    makes one that names none. Connections inherit the option from the socket that accepts them.

    Args:
        port: Which one; 0 takes any that is free.
    """
    listening = socket.create_server(("127.0.0.1", port))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
