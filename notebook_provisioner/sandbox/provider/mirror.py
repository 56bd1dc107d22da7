"""Lays out the stand-in so that ``terraform init`` finds it where the registry cannot be reached.

A filesystem mirror is a folder that Terraform takes providers from. It holds one file here, the launcher:
two lines of shell that never change, so that the hash in ``.terraform.lock.hcl`` stays the same. What
differs between machines (which Python, where the TLS key is) stands in a second file, outside of the
mirror, that the launcher runs.
"""

import datetime as dt
import os
import platform
import shlex
import ssl
import sys
from pathlib import Path
from typing import Final

from notebook_provisioner.sandbox.provider.agreed import (
    CERTIFICATE_FILE,
    KEY_FILE,
    PROVIDER_VERSION,
    TLS_DIRECTORY_VARIABLE,
)

SOURCE: Final = "registry.terraform.io/hashicorp/google"
CLI_CONFIG_FILE: Final = "terraform.rc"

_LAUNCHER: Final = '#!/bin/sh\nexec "${0%/*}/../../../../../../launch" "$@"\n'
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_CERTIFICATE_DAYS: Final = 3650


def prepare(directory: Path) -> Path:
    """Write the mirror, the TLS key and Terraform's CLI configuration, or bring them up to date.

    Safe to call before each run of Terraform: what is right already is left alone.

    Args:
        directory: Where to; made if need be, readable only by the user.

    Returns:
        The CLI configuration, for ``TF_CLI_CONFIG_FILE``.
    """
    directory = directory.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    mirror, tls = directory / "mirror", directory / "tls"
    _write(mirror / SOURCE / PROVIDER_VERSION / terraform_platform() / _executable(), _LAUNCHER, 0o755)
    _write(directory / "launch", _launch_script(tls), 0o755)
    _make_key(tls)
    return _write(directory / CLI_CONFIG_FILE, cli_config(mirror), 0o644)


def command() -> list[str]:
    """Runs the provider: this Python with this package, untouched by the caller's PYTHON* variables."""
    root = Path(__file__).parents[3]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); "
        "from notebook_provisioner.sandbox.provider.serve import main; sys.exit(main())"
    )
    return [sys.executable, "-I", "-c", program]


def cli_config(mirror: Path) -> str:
    """A CLI configuration that takes providers from a mirror only, and never calls home."""
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
    return (
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path = "{path}"\n'
        "  }\n"
        "}\n"
    )


def terraform_platform() -> str:
    """This machine, as Terraform names it: ``linux_amd64`` and the like."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def _executable() -> str:
    return f"terraform-provider-google_v{PROVIDER_VERSION}_x5"


def _launch_script(tls: Path) -> str:
    return f"#!/bin/sh\n{TLS_DIRECTORY_VARIABLE}={shlex.quote(str(tls))} exec {shlex.join(command())}\n"


def _write(path: Path, text: str, mode: int) -> Path:
    """Write a file whole or not at all; leave it alone where it says the same."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)
    return path


def _make_key(directory: Path) -> None:
    """A self-signed certificate for "localhost" and its key, which only the user can read.

    Made anew where the clock is outside of the certificate's time: a restored machine's may be.
    """
    certificate_file = directory / CERTIFICATE_FILE
    now = dt.datetime.now(dt.UTC)
    if certificate_file.exists() and (directory / KEY_FILE).exists() and _covers(certificate_file, now):
        return
    from cryptography import x509  # costs every nbp plan a tenth of a second
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(directory / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _covers(certificate_file: Path, moment: dt.datetime) -> bool:
    """Whether a moment is in the time of the certificate, which is its own authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(certificate_file)
    except ssl.SSLError:
        return False
    return any(
        ssl.cert_time_to_seconds(str(made["notBefore"]))
        <= moment.timestamp()
        < ssl.cert_time_to_seconds(str(made["notAfter"]))
        for made in context.get_ca_certs()
    )
