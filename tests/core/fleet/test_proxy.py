"""What notebooks are told about the ways out of their network."""

from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.core import fleet
from notebook_provisioner.core.fleet import proxy
from notebook_provisioner.core.post_startup.values import values

QUICKSTART = (Path(__file__).parents[3] / "examples" / "quickstart" / "fleet.yaml").read_text(
    encoding="utf-8"
)
PROXY = "    mode: secure-web-proxy\n    proxy_cidr: 10.21.0.0/26\n    hosts: [docs.example.com]\n"
CERTIFICATE = """\
    certificate:
      name: projects/nbp-quickstart/locations/europe-west1/certificates/proxy
      hostname: proxy.acme.example
"""


def with_egress(text):
    mode = next(line for line in QUICKSTART.splitlines(keepends=True) if line.startswith("    mode: none"))
    return fleet.parse(QUICKSTART.replace(mode, text), file="fleet.yaml", today=date(2026, 11, 1))


def told(ours):
    return values(ours.resolved_notebooks[0], ours, image=None, storage_url="")


def test_no_proxy_no_word_of_one():
    ours = with_egress("    mode: none\n")
    assert proxy.of(ours) is None
    assert told(ours)["proxy"] is None
    assert "PROXY" not in told(ours)["environment_file"]


def test_the_proxy_is_at_the_last_free_address():
    ours = with_egress(PROXY)
    found = proxy.of(ours)
    assert found.url == "http://10.20.0.253:80"
    assert told(ours)["proxy"]["host"] == "10.20.0.253"


def test_with_a_certificate_it_is_asked_by_name_and_over_tls():
    assert proxy.of(with_egress(PROXY + CERTIFICATE)).url == "https://proxy.acme.example:443"


@pytest.mark.parametrize("name", ["googleapis.com", "pkg.dev", "metadata", "169.254.169.254", "localhost"])
def test_google_and_the_machine_itself_are_reached_without_it(name):
    variables = proxy.of(with_egress(PROXY)).variables
    assert name in variables["NO_PROXY"].split(",")
    assert variables["no_proxy"] == variables["NO_PROXY"]
    assert {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} <= variables.keys()


@pytest.mark.parametrize(
    ("egress", "refused"),
    [
        ("    mode: none\n", ["example.com", "1.1.1.1"]),
        (PROXY, ["example.com", "1.1.1.1"]),
        ("    mode: nat-allowlist\n    fqdns: [example.com]\n", ["1.1.1.1"]),
        ("    mode: nat-allowlist\n    addresses: [1.1.0.0/16]\n", ["example.com"]),
    ],
)
def test_the_script_tries_nothing_that_is_allowed(egress, refused):
    assert told(with_egress(egress))["refused"] == refused
