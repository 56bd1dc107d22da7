"""The pace halves when Google refuses, grows while it answers, and never exceeds its ceiling."""

import threading
import time

from notebook_provisioner.adapters.google.pace import Pace


def test_no_more_than_the_ceiling_goes_out():
    pace = Pace(100)
    started = time.monotonic()
    threads = [threading.Thread(target=lambda: [pace.wait() for _ in range(10)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.28  # thirty at 100 a second, the first at once


def test_a_refusal_halves_and_answers_grow_it_back():
    pace = Pace(64)
    pace.slow_down()
    pace.slow_down()  # of a request that was on its way: counts once
    assert pace.per_second == 32
    grown = [pace.per_second for _ in range(5) if not pace.speed_up()]
    assert grown == sorted(grown)
    assert grown[0] > 32
    for _ in range(10_000):
        pace.speed_up()
    assert pace.per_second == 64


def test_no_ceiling_is_no_wait():
    pace = Pace(0)
    started = time.monotonic()
    for _ in range(10_000):
        pace.wait()
    assert time.monotonic() - started < 10
