"""nbp apply is killed at random moments; the next apply finishes the work and nothing is lost.

Once a kind in the suite; NBP_KILLS=20 runs the acceptance of the issue, NBP_KILL_SEED repeats a run.
"""

import os
import random
import signal
import sys
import time

import pytest

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.long,
    pytest.mark.timeout(1800),
]

KILLS = int(os.environ.get("NBP_KILLS", "1"))
SEED = int(os.environ.get("NBP_KILL_SEED", str(time.time_ns() % 10**6)))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("victims", ["nbp", "process group"])
def test_no_kill_loses_anything(machine, victims):
    chance = random.Random(f"{SEED} {victims}")  # noqa: S311  # a moment, not a secret
    started = time.monotonic()
    machine.run("apply")
    seconds = time.monotonic() - started
    managed, in_the_cloud = machine.managed(), machine.in_the_cloud()
    assert len(managed) > 50

    for round_number in range(KILLS):
        machine.run("destroy")
        process = machine.start("apply")
        moment = chance.uniform(0.1, seconds)
        time.sleep(moment)
        if victims == "nbp":
            process.send_signal(signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

        where = f"round {round_number}, seed {SEED}, killed after {moment:.2f} s"
        output = machine.run("apply")
        assert machine.leftovers() == [], where
        assert "Nothing to do" in machine.run("plan"), f"{where}\n{output}"
        assert machine.managed() == managed, where
        assert machine.in_the_cloud() == in_the_cloud, where
