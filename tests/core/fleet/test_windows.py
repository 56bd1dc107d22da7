import datetime as dt

import pytest

from notebook_provisioner.core.fleet import Blackout, Window


def test_window():
    window = Window.parse("Sat 22:00-02:00 Europe/Amsterdam")
    assert window == Window(5, dt.time(22), dt.time(2), "Europe/Amsterdam")
    assert window.crosses_midnight
    assert not Window.parse("Mon 00:00-23:59 UTC").crosses_midnight


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sat",
        "sat 02:00-06:00 UTC",
        "Sat 2:00-06:00 UTC",
        "Sat 02:00-24:00 UTC",
        "Sat 02:00-02:00 UTC",
        "Sat 02:00-06:00",
        "Sat 02:00-06:00 Europe",
        "Sat 02:00-06:00 ../../etc/passwd",
        "Sat 02:00-06:00 UTC\n",
    ],
)
def test_no_window(text):
    with pytest.raises(ValueError, match=r"."):
        Window.parse(text)


def test_all_that_is_wrong_with_a_window_is_said():
    with pytest.raises(
        ValueError, match=r"weekday Sab .*; .*time 25:00 .*; .*time 06:60 .*; .*zone Europe/Londn"
    ):
        Window.parse("Sab 25:00-06:60 Europe/Londn")


def test_blackout():
    first, last = dt.date(2026, 12, 20), dt.date(2027, 1, 3)
    assert Blackout.parse("2026-12-20/2027-01-03") == Blackout(first, last)
    assert Blackout.parse("2026-12-20") == Blackout(first, first)


@pytest.mark.parametrize(
    "text", ["", "2026-12-20/", "2027-01-03/2026-12-20", "2026-02-30", "20261220", "2026-12-20/x"]
)
def test_no_blackout(text):
    with pytest.raises(ValueError, match=r"."):
        Blackout.parse(text)
