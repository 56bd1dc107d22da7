"""The files that Terraform finds the stand-in by."""

import datetime as dt
import stat

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from notebook_provisioner.sandbox.provider import agreed, mirror


def files(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_prepare_is_stable_and_private(tmp_path):
    config = mirror.prepare(tmp_path / "provider")
    before = files(tmp_path)
    assert mirror.prepare(tmp_path / "provider") == config
    assert files(tmp_path) == before
    key = tmp_path / "provider" / "tls" / agreed.KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "provider").stat().st_mode) == 0o700


def test_the_lock_hash_does_not_depend_on_the_place(tmp_path):
    for name in ("one", "two"):
        mirror.prepare(tmp_path / name)
    assert files(tmp_path / "one" / "mirror") == files(tmp_path / "two" / "mirror")
    assert len(files(tmp_path / "one" / "mirror")) == 1


def test_a_new_python_changes_only_the_script_behind_the_launcher(tmp_path, monkeypatch):
    mirror.prepare(tmp_path)
    before = files(tmp_path)
    monkeypatch.setattr(mirror.sys, "executable", "/opt/other python/bin/python")
    mirror.prepare(tmp_path)
    after = files(tmp_path)
    assert {str(name) for name in after if after[name] != before[name]} == {"launch"}
    assert b"'/opt/other python/bin/python' -I" in (tmp_path / "launch").read_bytes()


def test_awkward_paths_are_quoted(tmp_path):
    text = mirror.cli_config(tmp_path / 'a"b')
    assert r"a\"b" in text


def test_a_certificate_that_does_not_cover_now_is_made_anew(tmp_path):
    mirror.prepare(tmp_path)
    certificate_file = tmp_path / "tls" / agreed.CERTIFICATE_FILE
    key = serialization.load_pem_private_key((tmp_path / "tls" / agreed.KEY_FILE).read_bytes(), None)
    made = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    expired = (
        x509.CertificateBuilder()
        .subject_name(made.subject)
        .issuer_name(made.issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2002, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file.write_bytes(expired.public_bytes(serialization.Encoding.PEM))
    mirror.prepare(tmp_path)
    renewed = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    assert renewed.not_valid_before_utc < dt.datetime.now(dt.UTC) < renewed.not_valid_after_utc
