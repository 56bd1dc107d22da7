"""Calls over REST: credentials of a user, answers that stay away, errors in Google's words."""

import itertools
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from canned import canned
from google.oauth2.credentials import Credentials
from snapshot_documents import Control

from notebook_provisioner.adapters.google.pace import Pace
from notebook_provisioner.adapters.google.rest import ClockWatch, NoAnswer, Refusal, Rest, Tries
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.core.errors import TargetUnreachable

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


class Account(Target):
    """A target with credentials that somebody logged in with."""

    expired = False

    def credentials(self):
        expiry = datetime(2020, 1, 1) if self.expired else datetime(2100, 1, 1) - timedelta(1)  # noqa: DTZ001  # google-auth's are naive
        return Credentials(token="a", expiry=expiry)


class Expired(Account):
    expired = True


def snapshots(connection):
    return f"{connection.url}/compute/v1/projects/p-one/global/snapshots"


def test_a_users_credentials_are_sent(connection):
    rest = Rest(Account(url=connection.url))
    assert rest.read(snapshots(connection))["kind"] == "compute#snapshotList"


def test_every_answer_tells_the_time(connection):
    watch = ClockWatch()
    Rest(Account(url=connection.url), watch=watch).read(snapshots(connection))
    assert watch.ahead is not None
    assert abs(watch.ahead) < timedelta(minutes=1)


def test_the_latest_answer_that_tells_a_time_counts():
    watch = ClockWatch()
    for date in (None, "", "yesterday"):
        watch.hear(date)
        assert watch.ahead is None
    for hours in (5, -3):
        watch.hear(format_datetime(datetime.now(UTC) - timedelta(hours=hours), usegmt=True))
        watch.hear(None)
        assert abs(watch.ahead - timedelta(hours=hours)) < timedelta(minutes=1)


def test_credentials_that_cannot_be_renewed_name_the_way_out(connection):
    with pytest.raises(TargetUnreachable, match="refuses the credentials") as failure:
        Rest(Expired(url=connection.url)).read(snapshots(connection))
    assert "gcloud auth application-default login" in (failure.value.hint or "")


def test_a_refusal_has_googles_words(connection):
    rest = Rest(Target(url=connection.url, token=connection.token))
    tries = Tries()
    with pytest.raises(Refusal) as failure:
        rest.call("GET", f"{snapshots(connection)}/none", tries=tries)
    assert (failure.value.status, tries.sent, tries.lost) == (404, 1, False)
    assert "was not found" in failure.value.message


def test_nobody_there_is_no_answer_after_a_while():
    rest = Rest(Target(url="http://127.0.0.1:9", token="none"), patience=0.3, first_pause=0.01)
    with pytest.raises(NoAnswer):
        rest.call("GET", "http://127.0.0.1:9/x")
    with pytest.raises(TargetUnreachable, match="no connection"):
        rest.read("http://127.0.0.1:9/x")


@pytest.mark.parametrize(
    ("rule", "lost"),
    [
        ({"kind": "status", "status": 429}, False),
        ({"kind": "status", "status": 403, "reason": "rateLimitExceeded"}, False),
        ({"kind": "status", "status": 503}, True),
        ({"kind": "drop-before"}, True),
        ({"kind": "drop-after"}, True),
    ],
)
def test_a_try_that_may_have_had_an_effect_is_told_from_a_refusal(connection, rule, lost):
    control = Control(connection.url, connection.token)
    control.clear()
    control.fault(method="compute.snapshots.list", count=1, **rule)
    rest = Rest(Target(url=connection.url, token=connection.token), first_pause=0.01)
    seen: list[tuple[int, bool]] = []
    tries = Tries(lambda so_far: seen.append((so_far.sent, so_far.lost)))
    rest.call("GET", snapshots(connection), tries=tries)
    assert seen == [(0, False), (1, lost)]
    assert (tries.sent, tries.lost) == (2, lost)


def test_a_pause_comes_before_each_further_try_and_its_look(connection, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)
    control = Control(connection.url, connection.token)
    control.clear()
    control.fault(method="compute.snapshots.list", count=2, kind="status", status=503)
    rest = Rest(Target(url=connection.url, token=connection.token), first_pause=0.1)
    looked: list[float] = []
    rest.call("GET", snapshots(connection), tries=Tries(lambda _: looked.append(time.monotonic())))
    first, second = (later - earlier for earlier, later in itertools.pairwise(looked))
    assert first >= 0.1
    assert second >= 0.2


def test_an_objection_ends_a_call_before_it_is_sent(connection):
    control = Control(connection.url, connection.token)
    control.clear()

    def object_to(_: Tries) -> None:
        raise ValueError("not any more")

    rest = Rest(Target(url=connection.url, token=connection.token))
    with pytest.raises(ValueError, match="not any more"):
        rest.call("GET", f"{snapshots(connection)}/none", tries=Tries(object_to))
    assert control.counts() == {}


def test_once_nobody_wants_to_wait_a_call_is_made_once_more_at_most(connection):
    control = Control(connection.url, connection.token)
    control.clear()
    control.fault(method="compute.snapshots.list", kind="status", status=503)
    pace = Pace(0.01)
    pace.wait()  # the next one would be due in over a minute
    target = Target(url=connection.url, token=connection.token)
    rest = Rest(target, first_pause=3_600, patience=10_000, stopped=lambda: True)
    with pytest.raises(NoAnswer, match="503"):
        rest.call("GET", snapshots(connection), pace=pace)
    assert control.counts() == {"compute.snapshots.list": 2}


def test_a_pause_ends_when_nobody_wants_to_wait_any_more():
    asked = threading.Event()
    rest = Rest(Target(url="http://127.0.0.1:9", token="none"), stopped=asked.is_set)
    threading.Timer(0.2, asked.set).start()
    started = time.monotonic()
    rest.pause(3_600)
    assert 0.1 < time.monotonic() - started < 60


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "", "[]", '{"items": ['])
def test_a_success_that_is_no_json_object_is_an_answer_that_got_lost(body):
    tries = Tries()
    with canned((200, body), (200, '{"items": []}')) as (url, asked):
        assert Rest(Target(token="none"), first_pause=0.01).call("GET", url, tries=tries) == {"items": []}
    assert (len(asked), tries.lost) == (2, True)
    with canned((200, body)) as (url, _):
        rest = Rest(Target(token="none"), patience=0.1, first_pause=0.01)
        with pytest.raises(TargetUnreachable, match="no JSON object"):
            rest.read(url)
        with pytest.raises(NoAnswer):
            rest.send("GET", url)
