"""The metadata server's answers, asked by curl from inside a machine."""

import json

import pytest

from notebook_provisioner.sandbox.lab.facts import Identity
from notebook_provisioner.sandbox.lab.machine import Machine
from notebook_provisioner.sandbox.lab.metadata_server import TOKEN

pytestmark = pytest.mark.lab

V1 = "http://metadata.google.internal/computeMetadata/v1"
GUEST = f"{V1}/instance/guest-attributes"
FLAVOR = ("--header", "Metadata-Flavor: Google")
BEARER = ("--header", f"Authorization: Bearer {TOKEN}")
STORAGE = "http://storage.googleapis.com/storage/v1/b/b/o"

# arguments for curl → what it prints: the body, then the status
QUESTIONS = [
    ((f"{V1}/instance/name",), "Missing Metadata-Flavor:Google header. 403"),
    (
        (*FLAVOR, "--header", "X-Forwarded-For: 1.1.1.1", f"{V1}/instance/name"),
        "X-Forwarded-For is not allowed. 403",
    ),
    ((*FLAVOR, f"{V1}/instance/name"), "ana 200"),
    ((*FLAVOR, "http://metadata/computeMetadata/v1/instance/name"), "ana 200"),
    (
        (*FLAVOR, "http://169.254.169.254/computeMetadata/v1/instance/zone"),
        "projects/12/zones/europe-west1-b 200",
    ),
    ((*FLAVOR, f"{V1}/project/project-id"), "p 200"),
    ((*FLAVOR, f"{V1}/project/numeric-project-id"), "12 200"),
    ((*FLAVOR, f"{V1}/instance/attributes/title"), 'Ana\'s "$(id)" 200'),
    ((*FLAVOR, f"{V1}/instance/attributes/none"), "Not Found 404"),
    ((*FLAVOR, f"{V1}/instance/attributes/"), "enable-guest-attributes\ntitle\n 200"),
    ((*FLAVOR, f"{V1}/instance/attributes"), " 301"),
    ((*FLAVOR, f"{V1}/instance/service-accounts/default/email"), "lab@nbp-lab.iam.gserviceaccount.com 200"),
    (
        (*FLAVOR, f"{V1}/instance/service-accounts/default/identity?audience=x"),
        "Identity tokens are not emulated. 501",
    ),
    ((*FLAVOR, f"{V1}/instance/?wait_for_change=true"), "wait_for_change is not emulated. 501"),
    ((*FLAVOR, "--request", "PUT", "--data", "x", f"{V1}/instance/name"), "Method Not Allowed 405"),
    (("--request", "PUT", "--data", "x", f"{GUEST}/a/b"), "Missing Metadata-Flavor:Google header. 403"),
    ((*FLAVOR, f"{GUEST}/a/b"), "Not Found 404"),
    ((*FLAVOR, "--request", "PUT", "--data", "x", f"{GUEST}/a"), "A guest attribute is namespace/key. 400"),
    ((*FLAVOR, "--request", "PUT", "--data", '{"é": 1}', f"{GUEST}/a/b"), " 200"),
    ((*FLAVOR, f"{GUEST}/a/b"), '{"é": 1} 200'),
    ((*FLAVOR, f"{GUEST}/"), "a/\nnotebooks/\n 200"),
    ((*FLAVOR, f"{GUEST}/a/"), "b\n 200"),
    ((*FLAVOR, "--request", "DELETE", f"{GUEST}/a/b"), " 200"),
    ((*FLAVOR, f"{GUEST}/a/b"), "Not Found 404"),
    ((f"{STORAGE}/a%2Fb?alt=media",), "Anonymous caller does not have storage.objects.get access 401"),
    ((*BEARER, f"{STORAGE}/a%2Fb?alt=media"), "content 200"),
    ((*BEARER, f"{STORAGE}/none?alt=media"), "No such object: gs://b/none 404"),
]


def curl(*arguments):
    return ["curl", "--silent", "--write-out", " %{http_code}", *arguments]


@pytest.mark.usefixtures("lab")
def test_answers():
    attributes = {"enable-guest-attributes": "TRUE", "title": 'Ana\'s "$(id)"'}
    with Machine.create(Identity("ana", project="p", project_number=12)) as machine:
        commands = [curl(*arguments) for arguments, _ in QUESTIONS]
        commands += [
            curl(*FLAVOR, f"{V1}/instance/?recursive=true"),
            curl(*FLAVOR, f"{V1}/instance/service-accounts/default/token"),
        ]
        report = machine.boot(attributes, objects={"gs://b/a/b": b"content"}, commands=commands)
    *answers, tree, token = (ran.output for ran in report.of_stage("command"))
    assert dict(enumerate(answers)) == dict(enumerate(expected for _, expected in QUESTIONS))
    folder = json.loads(tree.removesuffix(" 200"))
    assert folder["attributes"] == attributes
    assert folder["serviceAccounts"]["default"]["email"] == "lab@nbp-lab.iam.gserviceaccount.com"
    assert json.loads(token.removesuffix(" 200"))["access_token"] == TOKEN


def test_guest_attributes_can_be_off(new_machine):
    put = curl(*FLAVOR, "--request", "PUT", "--data", "x", f"{GUEST}/a/b")
    report = new_machine().boot({"enable-guest-attributes": "false"}, commands=[put])
    assert report.of_stage("command")[0].output == "Guest attributes endpoint access is disabled. 403"
    assert report.guest_attributes == {}
