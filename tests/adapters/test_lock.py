"""One holder at a time on one machine, and none after a process died."""

import signal
import subprocess
import sys

import pytest

from notebook_provisioner.adapters.lock import FileLease, LeaseHeld

HOLD = (
    "import sys, time; from pathlib import Path; from notebook_provisioner.adapters.lock import FileLease\n"
    "with FileLease(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
)


def test_a_second_holder_is_refused_until_the_first_is_gone(tmp_path):
    path = tmp_path / "folder" / "job.lock"
    with FileLease(path) as lease:
        lease.renew()
        with pytest.raises(LeaseHeld, match="another run"), FileLease(path):
            pass
    with FileLease(path):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    path = tmp_path / "job.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LeaseHeld), FileLease(path):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with FileLease(path):
        pass


@pytest.mark.parametrize(("first", "second"), [("", "-1-of-2"), ("-1-of-2", ""), ("-1-of-2", "-2-of-3")])
def test_the_whole_fleet_and_its_parts_keep_each_other_out(tmp_path, first, second):
    path = tmp_path / "x.lock"
    with FileLease(path, first):
        with pytest.raises(LeaseHeld, match=f"x{first}.lock"), FileLease(path, second):
            pass
        with pytest.raises(LeaseHeld), FileLease(path, first):
            pass
    with FileLease(path, second):
        pass


def test_parts_of_one_number_run_side_by_side(tmp_path):
    path = tmp_path / "x.lock"
    with FileLease(path, "-1-of-2"), FileLease(path, "-2-of-2"), FileLease(tmp_path / "y.lock"):
        pass
