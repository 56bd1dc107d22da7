"""Reads by the XML API, as Google's Go client makes them: the object in the path, conditions in headers."""

import base64
import http.client
import re

import google_crc32c
import pytest

pytestmark = pytest.mark.network

NAME = "fleets/one two/default.tfstate"
PATH = "/state-bucket/fleets/one%20two/default.tfstate"
DATA = b'{"version": 4}\n'


@pytest.fixture
def blob(sandbox):
    bucket = sandbox.storage().create_bucket("state-bucket")
    bucket.versioning_enabled = True
    bucket.patch()
    made = bucket.blob(NAME)
    made.upload_from_string(DATA, content_type="application/json")
    return made


def refused(answer, status, code):
    actual, headers, body = answer
    assert (actual, headers["content-type"]) == (status, "application/xml; charset=UTF-8"), body
    found = re.fullmatch(
        rb"<\?xml version='1.0' encoding='UTF-8'\?><Error><Code>(\w+)</Code><Message>(.+)</Message></Error>",
        body,
    )
    assert found is not None, body
    assert found[1].decode() == code
    return found[2].decode()


def test_an_object_is_read(sandbox, blob):
    status, headers, body = sandbox.request("GET", PATH)
    assert (status, body) == (200, DATA)
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(DATA))
    assert headers["x-goog-generation"] == str(blob.generation)
    assert headers["x-goog-metageneration"] == "1"


def test_each_checksum_has_a_line_of_its_own(sandbox, blob):
    """Go's client looks for a line that begins with ``crc32c=`` and reads the rest of it as base64."""
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=120)
    try:
        connection.request("GET", PATH)
        lines = connection.getresponse().headers.get_all("X-Goog-Hash")
    finally:
        connection.close()
    crc32c = base64.b64encode(google_crc32c.value(DATA).to_bytes(4, "big")).decode()
    assert lines == [f"crc32c={crc32c}", f"md5={blob.md5_hash}"]


def test_an_older_generation_and_a_part_are_read(sandbox, blob):
    first = blob.generation
    blob.upload_from_string(b"second")
    assert sandbox.request("GET", PATH)[2] == b"second"
    assert sandbox.request("GET", f"{PATH}?generation={first}")[2] == DATA
    status, headers, body = sandbox.request("GET", PATH, headers={"Range": "bytes=3-"})
    assert (status, headers["content-range"], body) == (206, "bytes 3-5/6", b"ond")
    refused(sandbox.request("GET", PATH, headers={"Range": "bytes=6-"}), 416, "InvalidRange")


def test_conditions_come_as_headers(sandbox, blob):
    matching = {"x-goog-if-generation-match": str(blob.generation), "x-goog-if-metageneration-match": "1"}
    assert sandbox.request("GET", PATH, headers=matching)[0] == 200
    for header in matching:
        refused(sandbox.request("GET", PATH, headers={header: "7"}), 412, "PreconditionFailed")


@pytest.mark.usefixtures("blob")
def test_what_is_not_there_is_not_found(sandbox):
    assert "a &lt;b&gt;" in refused(sandbox.request("GET", "/state-bucket/a%20%3Cb%3E"), 404, "NoSuchKey")
    status, headers, body = sandbox.request("GET", "/no-such-bucket/object")
    assert (status, headers["content-type"]) == (404, "application/json; charset=UTF-8")
    assert b"No API of the sandbox has GET /no-such-bucket/object" in body


@pytest.mark.usefixtures("blob")
def test_the_rest_of_the_xml_api_says_that_it_is_not_emulated(sandbox):
    for method, path in (("GET", "/state-bucket"), ("PUT", PATH), ("DELETE", PATH), ("GET", f"{PATH}?acl")):
        assert "not emulated" in refused(sandbox.request(method, path), 501, "NotImplemented")
    answer = sandbox.request("GET", PATH, headers={"If-None-Match": '"1/1"'})
    assert "if-none-match" in refused(answer, 501, "NotImplemented")


@pytest.mark.usefixtures("blob")
def test_faults_of_a_read_hold_for_both_apis(sandbox):
    fault = {"method": "storage.objects.get", "kind": "status", "status": 503, "count": 1}
    sandbox.control("faults", fault)
    refused(sandbox.request("GET", PATH), 503, "ServiceUnavailable")
    assert sandbox.request("GET", PATH)[0] == 200
