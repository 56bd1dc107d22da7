"""A server that answers as it is told: for what Google does not do on a good day."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def canned(*answers: tuple[int, str]) -> Iterator[tuple[str, list[str]]]:
    """Serve these answers, status and body, one after the other; the last one again and again.

    Yields:
        The server's URL, and the methods and paths that it was asked for so far.
    """
    left, asked = list(answers), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            status, body = left.pop(0) if len(left) > 1 else left[0]
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_DELETE = answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
