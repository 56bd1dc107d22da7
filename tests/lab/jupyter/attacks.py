"""Attack the Jupyter server at 127.0.0.1:8080, and print which attacks were let in: a JSON object.

Run by JupyterLab's own Python, in the server's network namespace: ``attacks.py open|token``. Every attack is
written so that True means that it did what it set out to do, and not that some answer looked unusual.
"""

import http.client
import json
import socket
import sys
import time
import urllib.parse
import uuid

import websocket

PORT = 8080
TOKEN = "t0ken"  # noqa: S105  # of a server that lives for seconds
ELSEWHERE = "127.0.0.2"  # reached by what listens on every address, and not by what listens on loopback's two
FOREIGN = "http://attacker.invalid"
SHELL_ESCAPES = {
    "!": "!echo pwned-$((20+22))",
    "x = !": "x = !echo pwned-$((20+22))\nprint(x)",
    "!!": "!!echo pwned-$((20+22))",
    "%system": "%system echo pwned-$((20+22))",
    "%sx": "%sx echo pwned-$((20+22))",
    "%sc": "%sc -l x=echo pwned-$((20+22))\nprint(x)",
    "%%bash": "%%bash\necho pwned-$((20+22))",
    "%%sh": "%%sh\necho pwned-$((20+22))",
    "%%script": "%%script bash\necho pwned-$((20+22))",
    "%%system": "%%system\necho pwned-$((20+22))",
    "%%!": "%%!\necho pwned-$((20+22))",
    "system()": "get_ipython().system('echo pwned-$((20+22))')",
    "getoutput()": "print(get_ipython().getoutput('echo pwned-$((20+22))'))",
}


class Browser:
    """A user's browser: cookies, and the cross-site token where a page of the server's own asks."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.ask("GET", "/login")
        self.ask("GET", "/lab")

    def ask(self, method, path, body=None, *, site="own", host=None, headers=None):
        """Give status and body; None for the status where there was no answer.

        The page that asks is of the server's ``own`` site, of a ``foreign`` one, or of one ``untold``: a form
        of a browser that sends no Origin.
        """
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        sent = {"Cookie": self.cookie, "Host": host or f"127.0.0.1:{PORT}", **(headers or {})}
        if site == "own":
            sent["X-XSRFToken"] = self.cookies.get("_xsrf", "")
        else:
            sent["Content-Type"] = "text/plain"
        if site == "foreign":
            sent |= {"Origin": FOREIGN, "Referer": f"{FOREIGN}/"}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            return None, b""
        finally:
            connection.close()
        for line in answer.msg.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, content

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def log_in(self, password, **more):
        form = urllib.parse.urlencode({"password": password, "_xsrf": self.cookies.get("_xsrf", ""), **more})
        self.ask("POST", "/login", form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        return self.ask("GET", "/api/contents")[0] == 200

    def start_kernel(self):
        status, body = self.ask("POST", "/api/kernels", json.dumps({"name": "python3"}))
        assert status == 201, (status, body)
        return json.loads(body)["id"]

    def channels(self, kernel, origin=None):
        """The kernel's WebSocket.

        Raises:
            WebSocketBadStatusException: The server refuses.
        """
        return websocket.create_connection(
            f"ws://127.0.0.1:{PORT}/api/kernels/{kernel}/channels",
            cookie=self.cookie,
            origin=origin or f"http://127.0.0.1:{PORT}",
            timeout=30,
        )


def execute(channels, code):
    """What a cell prints, returns and complains of, in one text."""
    identity = uuid.uuid4().hex
    header = {"msg_id": identity, "msg_type": "execute_request", "username": "", "session": "s"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channels.send(json.dumps(request))
    shown = ""
    while True:
        message = json.loads(channels.recv())
        if message["parent_header"].get("msg_id") != identity:
            continue
        content = message["content"]
        shown += content.get("text", "") if message["msg_type"] == "stream" else ""
        shown += str(content.get("data", "")) + str(content.get("evalue", ""))
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return shown


def is_accepted(function):
    try:
        function().close()
    except websocket.WebSocketBadStatusException:
        return False
    return True


def listens_elsewhere():
    try:
        with socket.create_connection((ELSEWHERE, PORT), timeout=5):
            return True
    except OSError:
        return False


def is_there(browser, kernel):
    status, body = browser.ask("GET", f"/api/kernels/{kernel}")
    return status == 200 and json.loads(body)["id"] == kernel


def attack_kernels(browser, idle_seconds):
    """Cells, WebSockets and idleness."""
    idle, working = browser.start_kernel(), browser.start_kernel()
    began = time.monotonic()
    channels = browser.channels(working)
    code = "import subprocess; print(subprocess.check_output('echo pwned-$((20+22))', shell=True).decode())"
    found = {
        "a computation": "42" in execute(channels, "print(6 * 7)"),
        "a cross-site WebSocket": is_accepted(lambda: browser.channels(working, FOREIGN)),
        **{
            f"the shell by {name}": "pwned-42" in execute(channels, code)
            for name, code in SHELL_ESCAPES.items()
        },
        "a program started by Python": "pwned-42" in execute(channels, code),
    }
    time.sleep(max(0.0, began + idle_seconds - time.monotonic()))
    found["an idle kernel's memory"] = is_there(browser, idle)
    found["a kernel in use"] = is_there(browser, working)
    channels.close()
    return found


def attack_open_server(browser, idle_seconds):
    """A server without a login, as one behind a proxy that has it."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "An *answer*: 6 x 7"},
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    model = json.dumps({"type": "notebook", "content": notebook})
    assert browser.ask("PUT", "/api/contents/a.ipynb", model)[0] == 201
    text = {"type": "file", "format": "text", "content": "x" * 3 * 1024 * 1024}
    file = json.dumps({**text, "content": "x"})
    kernel = browser.start_kernel()
    converted = browser.ask("GET", "/nbconvert/html/a.ipynb")
    return {
        "JupyterLab's page": b"jupyter-config-data" in browser.ask("GET", "/lab")[1],
        "a terminal": browser.ask("POST", "/api/terminals")[0] == 200,
        "an export by nbconvert": converted[0] == 200 and b"<em>answer</em>" in converted[1],
        "a list of exports": browser.ask("GET", "/api/nbconvert")[1] not in (b"{}", b""),
        "a cross-site write": browser.ask("PUT", "/api/contents/b.txt", file, site="foreign")[0] == 201,
        "a cross-site kernel": browser.ask("POST", "/api/kernels", "{}", site="foreign")[0] == 201,
        "a cross-site interrupt": browser.ask("POST", f"/api/kernels/{kernel}/interrupt", site="foreign")[0]
        == 204,
        "a form of another site": browser.ask("POST", f"/api/kernels/{kernel}/interrupt", site="untold")[0]
        == 204,
        "a foreign Host": browser.ask("GET", "/api/contents", host="attacker.invalid")[0] == 200,
        "another address": listens_elsewhere(),
        "a hidden file's content": b"s3cret" in browser.ask("GET", "/files/.hidden")[1],
        "a hidden file by the API": b"s3cret" in browser.ask("GET", "/api/contents/.hidden")[1],
        "a hidden file in a list": b".hidden" in browser.ask("GET", "/api/contents")[1],
        "a body of 3 MB": browser.ask("PUT", "/api/contents/c.txt", json.dumps(text))[0] in (200, 201),
        **attack_kernels(browser, idle_seconds),
    }


def attack_login(browser):
    """A server that asks for its token: whoever holds it cannot put a password of their own in its place."""
    assert browser.ask("GET", "/api/contents")[0] == 403
    assert browser.log_in(TOKEN, new_password="my own")
    return {"another password": Browser().log_in("my own")}


def main():
    deadline = time.monotonic() + 120
    while True:
        try:
            with socket.create_connection(("127.0.0.1", PORT), timeout=1):
                break
        except OSError:
            assert time.monotonic() < deadline, "Jupyter does not come up"
            time.sleep(0.2)
    browser = Browser()
    mode, idle_seconds = sys.argv[1], float(sys.argv[2])
    found = attack_open_server(browser, idle_seconds) if mode == "open" else attack_login(browser)
    print(json.dumps(found))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
