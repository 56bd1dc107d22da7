"""The workspace holds all that Terraform needs, and nothing that anyone else may read."""

import json
import stat
import subprocess
import sys

import pytest

from notebook_provisioner.adapters.terraform.workspace import Workspace, WorkspaceBusy, bucket_backend


def files(workspace):
    return sorted(
        str(path.relative_to(workspace.directory))
        for path in workspace.directory.rglob("*")
        if path.is_file()
    )


def test_it_is_complete_and_holds_no_other_backend(workspace, prepare):
    prepare(scripts={"ana": "#!/bin/bash\n"}, backend=bucket_backend("states", "fleets/a"))
    assert files(workspace) == [
        "fleet.yaml",
        "rendered/ana.sh",
        "terraform/fleet/backend.tf.json",
        "terraform/fleet/main.tf",
        "terraform/fleet/nbp.auto.tfvars.json",
        "terraform/modules/thing/main.tf",
    ]
    written = json.loads((workspace.root / "backend.tf.json").read_text())
    assert written == {"terraform": {"backend": {"gcs": {"bucket": "states", "prefix": "fleets/a"}}}}


def test_everything_is_its_owners_alone(workspace, prepare):
    prepare(scripts={"ana": "#!/bin/bash\n"})
    for path in (workspace.directory, *workspace.directory.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_what_is_gone_from_the_source_goes(workspace, prepare, source):
    prepare(scripts={"ana": "x", "ben": "x"})
    (source / "modules" / "thing" / "main.tf").unlink()
    prepare(scripts={"ana": "x"})
    assert "rendered/ben.sh" not in files(workspace)
    assert "terraform/modules/thing/main.tf" not in files(workspace)


def test_init_is_needed_after_a_change_and_only_then(workspace, prepare, source):
    prepare()
    assert not workspace.is_initialized()
    workspace.mark_initialized()
    prepare(things=("a", "b", "c"))
    assert workspace.is_initialized(), "another fleet needs no other providers"
    prepare(provider="another")
    assert not workspace.is_initialized()
    prepare()
    (source / "fleet" / "main.tf").write_text("# another root\n")
    prepare()
    assert not workspace.is_initialized()


def test_the_lock_is_waited_for_and_said(workspace, said):
    other = Workspace(workspace.directory)
    with (
        other.locked(said.append),
        pytest.raises(WorkspaceBusy, match="another run"),
        workspace.locked(said.append, seconds=0.1),
    ):
        pytest.fail("it was let in")
    assert len(said) == 1
    with workspace.locked(said.append, seconds=0.1):
        assert workspace.lock_descriptors


def test_the_lock_outlives_its_holder_in_the_children_it_was_left_to(workspace, said):
    with workspace.locked(said.append):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=workspace.lock_descriptors,
        )

    def end_the_child(words):
        said.append(words)
        child.stdin.close()

    with workspace.locked(end_the_child, seconds=60):
        assert said, "it had to wait"
    assert child.wait() == 0
