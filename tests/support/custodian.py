"""Cloud Custodian over the sandbox: it can be given no endpoint, so it is given a proxy.

Its clients are googleapiclient's, built with neither an endpoint nor client options, and always call
https://compute.googleapis.com. They do heed ``https_proxy`` (with PySocks), ``HTTPLIB_CA_BUNDLE`` and
``GOOGLE_APPLICATION_CREDENTIALS``: a proxy on loopback takes the TLS off, hands the requests to the
sandbox, and answers the token endpoint itself. Nothing of Custodian is patched.
"""

import datetime as dt
import http.client
import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HOSTS = ("compute.googleapis.com", "oauth2.googleapis.com")
PROGRAM = Path(__file__).parents[2] / ".venv" / "custodian" / "bin" / "custodian"
POLICY = """
policies:
  - name: old-snapshots
    resource: gcp.snapshot
    filters:
      - {type: value, key: creationTimestamp, value_type: age, op: greater-than, value: %d}
    actions: [delete]
"""


def prune(folder: Path, url: str, token: str, *, project: str, days: int) -> float:
    """Delete the snapshots that are older than *days*, as a policy says.

    Returns:
        The wall seconds.
    """
    (folder / "policy.yml").write_text(POLICY % days, encoding="utf-8")
    with _proxy(folder, url, token) as variables:
        began = time.perf_counter()
        done = subprocess.run(
            [str(PROGRAM), "run", "--cache-period", "0", "--output-dir", "out", "policy.yml"],
            cwd=folder,
            env={**os.environ, **variables, "GOOGLE_CLOUD_PROJECT": project},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    return seconds


class _Relay(BaseHTTPRequestHandler):
    """Ends a CONNECT's TLS here, and hands what comes through to the sandbox."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a header and its body are two writes
    context: ssl.SSLContext
    sandbox: str
    token: str

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection(self.sandbox, timeout=60)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        if host not in HOSTS:
            self.send_error(403, f"{host} is not for this proxy")
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers["Host"].startswith("oauth2."):
            answer = {"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}
            self._answer(200, "application/json", json.dumps(answer).encode())
            return
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        self._upstream.request(self.command, self.path, body, kept | {"Accept-Encoding": "identity"})
        answered = self._upstream.getresponse()
        self._answer(answered.status, answered.headers["Content-Type"] or "text/plain", answered.read())

    do_GET = do_POST = do_DELETE = _relay  # noqa: N815  # the base class looks for these names

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@contextmanager
def _proxy(folder: Path, url: str, token: str) -> Iterator[dict[str, str]]:
    """Run the proxy; yield the variables that send Custodian through it."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .sign(key, hashes.SHA256())
    )
    bundle, chain, account = (folder / part for part in ("bundle.pem", "chain.pem", "account.json"))
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(pem + bundle.read_bytes())
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "client_email": "custodian@example.iam.gserviceaccount.com",
                "private_key": pem.decode(),
                "token_uri": f"https://{HOSTS[1]}/token",
            }
        ),
        encoding="utf-8",
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    shared = {"context": context, "sandbox": urlsplit(url).netloc, "token": token}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Relay", (_Relay,), shared))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {
            "https_proxy": address,
            "HTTPLIB_CA_BUNDLE": str(bundle),
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        }
    finally:
        server.shutdown()
        server.server_close()
