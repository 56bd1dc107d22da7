"""The startup script that runs a script once: on a real shell, with stand-ins for the world."""

import hashlib
import subprocess

import pytest

from notebook_provisioner.core.rerun import one_shot as module


def one_shot(uri, sha256, run):
    return module.one_shot(uri, sha256, run, storage="https://storage.googleapis.com")


SCRIPT = "#!/bin/bash\necho ran >>ran\n"
DIGEST = hashlib.sha256(SCRIPT.encode()).hexdigest()
CURL = """#!/bin/bash
case "$*" in
  *service-accounts/default/token*) printf '{"access_token":"t0ken","expires_in":1}' ;;
  *) printf '%s\\n' "$*" >>calls; cat >>headers; all="$*"; out=${all#*--output }; cat script >"${out%% *}" ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/curl").write_text(CURL)
    (tmp_path / "bin/curl").chmod(0o755)
    (tmp_path / "script").write_text(SCRIPT)

    def boot(text):
        moved = text.replace("/var/lib/notebook-provisioner", str(tmp_path / "lib"))
        return subprocess.run(
            ["/bin/bash", "-c", moved],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    boot.folder = tmp_path
    return boot


def ran(machine):
    path = machine.folder / "ran"
    return path.read_text().count("ran") if path.exists() else 0


def test_it_runs_once_for_each_re_run(machine):
    for run in ("one", "one", "two"):
        assert machine(one_shot("gs://b/o", DIGEST, run)).returncode == 0
    assert ran(machine) == 2


def test_the_token_is_told_to_nobody_but_the_server(machine):
    machine(one_shot("gs://b/a b/ü.sh", DIGEST, "one"))
    assert (machine.folder / "headers").read_text() == "Authorization: Bearer t0ken\n"
    calls = (machine.folder / "calls").read_text()
    assert "t0ken" not in calls
    assert "/storage/v1/b/b/o/a%20b%2F%C3%BC.sh?alt=media" in calls


def test_another_content_is_not_run(machine):
    assert machine(one_shot("gs://b/o", "0" * 64, "one")).returncode != 0
    assert ran(machine) == 0


def test_values_are_data(machine):
    hostile = "$(touch evil)\n`touch evil`'\"; touch evil #"
    machine(one_shot(f"gs://b/{hostile}", DIGEST, "one"))
    machine(one_shot("gs://b/o", hostile, hostile))
    assert not (machine.folder / "evil").exists()
