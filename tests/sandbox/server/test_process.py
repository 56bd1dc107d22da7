"""The process: what it refuses, what it loses on purpose, and that it loses nothing else."""

import http.client
import threading

import pytest
from sandbox_server import COMPUTE, Served

pytestmark = pytest.mark.network


def network(number):
    return {"name": f"net-{number}", "autoCreateSubnetworks": False}


def names(served, kind="networks"):
    """Names of all resources of a kind, page by page."""
    found, token = set(), ""
    while True:
        _, page = served.ask("GET", f"{COMPUTE}/global/{kind}?pageToken={token}")
        found |= {item["name"] for item in page.get("items", [])}
        token = page.get("nextPageToken", "")
        if not token:
            return found


@pytest.fixture
def own(tmp_path, socket_enabled):  # noqa: ARG001 - asked for its effect
    """A process for one test alone, which may end it."""
    started = []

    def start(*options):
        started.append(Served(tmp_path, *options))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.kill()


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Host": "127.0.0.1:1"}, {"Origin": "https://evil.example"}]
)
def test_web_pages_are_refused(served, headers):
    status, answer = served.ask("GET", f"{COMPUTE}/global/networks", **headers)
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_control_calls_need_the_token_and_its_file_is_private(served):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": served.token}):
        assert served.ask("GET", "sandbox/v1/status", **headers)[0] == 401
    assert served.control("GET", "status")["ready"]
    assert (served.folder / "token").stat().st_mode & 0o777 == 0o600
    assert served.ask("GET", f"{COMPUTE}/global/networks", Authorization="Bearer anything")[0] == 200


def test_faults_strike_as_often_as_told(served):
    rules = [
        {"method": "compute.networks.list", "kind": "status", "status": 503, "count": 2},
        {
            "method": "compute.networks.list",
            "kind": "status",
            "status": 403,
            "reason": "rateLimitExceeded",
            "count": 1,
        },
    ]
    served.control("POST", "faults", {"faults": rules})
    answers = [served.ask("GET", f"{COMPUTE}/global/networks") for _ in range(4)]
    assert [status for status, _ in answers] == [503, 503, 403, 200]
    assert answers[2][1]["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert served.ask("GET", f"{COMPUTE}/global/firewalls")[0] == 200
    assert served.control("GET", "requests")["errors"] == {
        "compute.networks.list 503": 2,
        "compute.networks.list 403": 1,
    }


def test_a_rule_waits_for_the_call_that_it_names(served):
    error = {"kind": "status", "status": 503}
    rule = {"method": "compute.networks.list", "since": "compute.firewalls.*", **error}
    served.control("POST", "faults", rule)
    asked = ("networks", "firewalls", "networks", "networks")
    answers = [served.ask("GET", f"{COMPUTE}/global/{name}")[0] for name in asked]
    assert answers == [200, 200, 503, 503]


def test_a_rule_that_makes_no_sense_is_refused(served):
    authorization = f"Bearer {served.token}"
    for rule in (
        {"method": "*"},
        {"method": "*", "kind": "fire"},
        {"method": "*", "kind": "delay", "colour": 1},
    ):
        status, answer = served.ask("POST", "sandbox/v1/faults", rule, Authorization=authorization)
        assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_dropped_connection_may_or_may_not_have_had_its_effect(served):
    for number, kind in enumerate(("drop-before", "drop-after")):
        served.control("POST", "faults", {"method": "compute.networks.insert", "kind": kind, "count": 1})
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            served.ask("POST", f"{COMPUTE}/global/networks", network(number))
    assert names(served) == {"net-1"}


def test_a_failed_operation_has_no_effect(served):
    served.control(
        "POST", "faults", {"method": "compute.networks.insert", "kind": "failed-operation", "count": 1}
    )
    status, operation = served.ask("POST", f"{COMPUTE}/global/networks", network(1))
    assert (status, operation["status"], operation["httpErrorStatusCode"]) == (200, "DONE", 503)
    assert operation["error"]["errors"][0]["message"] == "injected by the sandbox"
    assert names(served) == set()


def test_batches_are_answered_part_by_part(served):
    part = (
        "--b\r\nContent-Type: application/http\r\nContent-ID: <{id}>\r\n\r\nGET /{path} HTTP/1.1\r\n\r\n\r\n"
    )
    body = (
        part.format(id="one", path=f"{COMPUTE}/global/networks")
        + part.format(id="two", path=f"{COMPUTE}/nothing")
        + "--b--"
    )
    connection = http.client.HTTPConnection(served.host, served.port)
    connection.request("POST", "/batch/compute/v1", body, {"Content-Type": 'multipart/mixed; boundary="b"'})
    answer = connection.getresponse().read().decode()
    connection.close()
    assert "<response-one>" in answer
    assert "HTTP/1.1 200 OK" in answer
    assert "<response-two>" in answer
    assert "HTTP/1.1 404 Not Found" in answer


def test_the_clock_can_be_moved_and_is_remembered(own):
    served = own("--operation-seconds", "1000")
    operation = served.ask("POST", f"{COMPUTE}/global/networks", network(1))[1]
    before = served.control("GET", "settings")["now"]
    served.control("POST", "settings", {"advance": 1001})
    assert served.ask("GET", f"{COMPUTE}/global/operations/{operation['name']}")[1]["status"] == "DONE"
    assert served.stop() == 0
    served.start()
    assert served.control("GET", "settings")["now"] > before + 1000
    assert served.stop() == 0


def test_killing_it_at_any_moment_loses_nothing_that_was_answered(own):
    served = own()
    answered: set[str] = set()

    def write(first):
        for number in range(first, first + 400):
            try:
                status, _ = served.ask("POST", f"{COMPUTE}/global/networks", network(number))
            except (ConnectionError, http.client.HTTPException):
                return
            assert status == 200
            answered.add(f"net-{number}")

    for attempt in range(3):
        writer = threading.Thread(target=write, args=(attempt * 400,))
        writer.start()
        writer.join(timeout=0.2 + 0.1 * attempt)
        served.kill()
        writer.join()
        served.start()
        found = names(served)
        assert answered <= found
        assert len(found) <= len(answered) + 1 + attempt  # the one that was under way may have got in
        assert len(names(served, "routes")) == len(
            found
        )  # a network and its route come together or not at all
    assert served.stop() == 0
