"""What a console tells of a flag that no API shows."""

from dataclasses import replace

import pytest

from notebook_provisioner.core.lock import FlagState, Source, infer, probed
from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.facts import Instance

INSTANCE = Instance("ACTIVE", {}, "", None, None, None)


@pytest.mark.parametrize(
    ("instance", "console", "flag", "source"),
    [
        (INSTANCE, Console(flag="/root/x.lock"), FlagState.PRESENT, Source.CONSOLE),
        (INSTANCE, Console(c2d_finished=True), FlagState.PRESENT, Source.CONSOLE),
        (INSTANCE, Console(), FlagState.UNKNOWN, Source.NOBODY),
        (INSTANCE, None, FlagState.UNKNOWN, Source.NOBODY),
        (replace(INSTANCE, container=True), Console(flag="/root/x.lock"), FlagState.UNKNOWN, Source.NOBODY),
        (replace(INSTANCE, metadata={"euc-enabled": "true"}), None, FlagState.UNKNOWN, Source.NOBODY),
        (None, None, FlagState.UNKNOWN, Source.NOBODY),
    ],
)
def test_what_is_inferred_says_from_what(instance, console, flag, source):
    found = infer("nb", "z", instance, console)
    assert (found.flag, found.source) == (flag, source)


def test_who_could_know_better():
    assert infer("nb", "z", INSTANCE, None).way == "iap-ssh"
    assert infer("nb", "z", replace(INSTANCE, state="STOPPED"), None).way == "iap-ssh, once it is started"
    assert infer("nb", "z", replace(INSTANCE, container=True), None).way == ""


def test_what_was_looked_at_is_told_as_it_is():
    found = probed("nb", "z", "ACTIVE", (), "enabled", has_c2d=True)
    assert (found.flag, found.source, found.way) == (FlagState.ABSENT, Source.PROBE, "")
    assert "run again at the next start" in found.words
    assert "no /opt/c2d" in probed("nb", "z", "ACTIVE", (), "none", has_c2d=False).words
