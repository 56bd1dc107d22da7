"""The printed variables are the ones that the clients read."""

from pathlib import Path

import pytest

from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.provider import settings as provider_settings

CONNECTION = environment.Connection(
    url="http://127.0.0.1:4000",
    token="t0ken",
    token_file=Path("/home/o'hara/my files/.sandbox/token"),
    directory=Path("/home/o'hara/my files/.sandbox"),
)


@pytest.fixture
def variables():
    return environment.variables(CONNECTION, project="p-one", region="europe-west1")


def test_endpoints_end_in_a_slash_and_stay_on_this_machine(variables):
    endpoints = [value for name, value in variables.items() if "ENDPOINT" in name]
    assert len(endpoints) > 30
    assert all(value.startswith("http://127.0.0.1:4000/") and value.endswith("/") for value in endpoints)


def test_the_stand_in_provider_is_pointed_at_every_service(variables):
    read = provider_settings.Settings.read({}, variables)
    for service in provider_settings._SERVICES:
        assert read.endpoint(service).startswith(CONNECTION.url)
    assert read.token == CONNECTION.token
    assert read.project == "p-one"


def test_the_users_own_credentials_are_out_of_the_way(variables):
    assert variables["GOOGLE_APPLICATION_CREDENTIALS"] == ""
    assert variables["GOOGLE_CREDENTIALS"] == ""


def test_gcloud_knows_every_property():
    properties = Path("/usr/lib/google-cloud-sdk/lib/googlecloudsdk/core/properties.py")
    if not properties.is_file():
        pytest.skip("gcloud is not at its usual place")
    text = properties.read_text(encoding="utf-8")
    missing = [service for service in environment.PATHS if f"self.{service} = self._Add(" not in text]
    assert missing == []
