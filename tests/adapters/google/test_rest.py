"""Calls over REST: credentials of a user, answers that stay away, errors in Google's words."""

from datetime import datetime, timedelta

import pytest
from google.oauth2.credentials import Credentials

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
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


def test_credentials_that_cannot_be_renewed_name_the_way_out(connection):
    with pytest.raises(TargetUnreachable, match="refuses the credentials") as failure:
        Rest(Expired(url=connection.url)).read(snapshots(connection))
    assert "gcloud auth application-default login" in (failure.value.hint or "")


def test_a_refusal_has_googles_words(connection):
    rest = Rest(Target(url=connection.url, token=connection.token))
    with pytest.raises(Refusal) as failure:
        rest.call("GET", f"{snapshots(connection)}/none")
    assert (failure.value.status, failure.value.sent) == (404, 1)
    assert "was not found" in failure.value.message


def test_nobody_there_is_no_answer_after_a_while():
    rest = Rest(Target(url="http://127.0.0.1:9", token="none"), patience=0.3, first_pause=0.01)
    with pytest.raises(NoAnswer):
        rest.call("GET", "http://127.0.0.1:9/x")
    with pytest.raises(TargetUnreachable, match="no connection"):
        rest.read("http://127.0.0.1:9/x")
