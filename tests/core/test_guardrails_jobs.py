"""What a fleet's own jobs do, on which file, and when: as the fleet file says, and as nothing else does."""

import copy
from datetime import date
from pathlib import Path

import pytest
from plan_documents import KEY, LOOKED_UP, change, document

from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

IMAGE = f"europe-west1-docker.pkg.dev/p/nbp/nbp@sha256:{64 * '0'}"
TEXT = f"""
{(Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml").read_text(encoding="utf-8")}
maintenance:
  image: {IMAGE}
  prune: {{schedule: 30 3 * * *, time_zone: Europe/Amsterdam}}
  serves: [{{project: acme-research, fleet: research}}]
"""
BUCKET = "nbp-quickstart-quickstart-operations"
JOB, TIMER, OBJECT = "google_cloud_run_v2_job", "google_cloud_scheduler_job", "google_storage_bucket_object"
NOTEBOOK = "google_workbench_instance"
RUN = "https://run.googleapis.com/v2/projects/nbp-quickstart/locations/europe-west1/jobs/nbp-quickstart-prune:run"


def ours(text=TEXT):
    return fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))


def codes(kind, after, unknown=None, text=TEXT):
    entry = change(kind, ["create"], after=after, unknown=unknown)
    found = guardrails.check(read(document(entry, **LOOKED_UP)), ours(text))
    assert all(finding.message and finding.remedy for finding in found)
    return [finding.code for finding in found]


def job():
    """The job as the module makes it."""
    files = ["--fleet", "/fleet/fleet.yaml", "--target", "google"]
    files += ["--fleet", "gs://acme-research-research-operations/fleet.yaml"]
    container = {
        "image": IMAGE,
        "args": ["snapshots", "prune", "--due", "--yes", *files],
        "volume_mounts": [{"name": "fleet", "mount_path": "/fleet"}],
    }
    task = {
        "service_account": "nbp-quickstart-prune@nbp-quickstart.iam.gserviceaccount.com",
        "encryption_key": KEY,
        "max_retries": 0,
        "timeout": "7200s",
        "containers": [container],
        "volumes": [{"name": "fleet", "gcs": [{"bucket": BUCKET, "read_only": True}]}],
    }
    return {
        "name": "nbp-quickstart-prune",
        "template": [{"task_count": 2, "parallelism": 2, "template": [task]}],
    }


def edited(path, value):
    after = copy.deepcopy(job())
    place = after
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return after


TASK = ("template", 0, "template", 0)
CONTAINER = (*TASK, "containers", 0)
VOLUMES, MOUNTS = job()["template"][0]["template"][0]["volumes"], [{"name": "fleet", "mount_path": "/fleet"}]
EDITS = [
    ((*CONTAINER, "args"), ["snapshots", "prune", "--yes", "--max-share", "1"]),
    ((*CONTAINER, "args"), None),
    ((*CONTAINER, "command"), ["sh"]),
    ((*CONTAINER, "env"), [{"name": "PYTHONPATH", "value": "/fleet"}]),
    ((*CONTAINER, "working_dir"), "/fleet"),
    ((*CONTAINER, "volume_mounts"), [{"name": "fleet", "mount_path": "/elsewhere"}]),
    ((*CONTAINER, "volume_mounts"), [*MOUNTS, {"name": "other", "mount_path": "/app"}]),
    ((*TASK, "containers"), [*job()["template"][0]["template"][0]["containers"], {"image": IMAGE}]),
    ((*TASK, "volumes", 0, "gcs"), [{"bucket": "mallory", "read_only": True}]),
    ((*TASK, "volumes", 0, "gcs"), [{"bucket": BUCKET, "read_only": False}]),
    ((*TASK, "volumes"), [*VOLUMES, {"name": "other", "empty_dir": [{}]}]),
    ((*TASK, "timeout"), "1s"),
    ((*TASK, "max_retries"), 3),
    (("template", 0, "task_count"), 1),
    (("template", 0, "parallelism"), 1),
]


def test_a_job_as_the_module_makes_it():
    assert codes(JOB, job()) == []


@pytest.mark.parametrize(("path", "value"), EDITS)
def test_a_job_that_does_something_else(path, value):
    assert set(codes(JOB, edited(path, value))) == {"job-work"}


@pytest.mark.parametrize("key", ["args", "command", "env"])
def test_a_job_of_which_nobody_can_see_what_it_does(key):
    unknown = {"template": [{"template": [{"containers": [{key: True}]}]}]}
    after = edited((*CONTAINER, key), None)
    assert codes(JOB, after, unknown) == ["job-work"]


def test_the_fleet_file_that_the_jobs_read():
    published = {"bucket": BUCKET, "name": "fleet.yaml", "content": TEXT}
    assert codes(OBJECT, published) == []
    assert codes(OBJECT, {**published, "content": f"# said by somebody\n{TEXT}"}) == []
    others = [TEXT.replace("30 3", "30 4"), "", "a: [", TEXT.replace("version: 1", "version: 2"), None]
    for content in others:
        assert codes(OBJECT, {**published, "content": content}) == ["job-work"]
    for part in published:
        hidden = {key: value for key, value in published.items() if key != part}
        assert "job-work" in codes(OBJECT, {**hidden, "content": "x"}, {part: True})
    elsewhere = {**published, "bucket": "somebody-elses", "content": "x"}
    assert codes(OBJECT, elsewhere) == ["unlisted-resource"]


def test_the_fleet_file_of_another_target_is_the_same():
    rehearsed = fleet.parse(TEXT, file="fleet.yaml", today=date(2026, 11, 1), target="sandbox")
    published = {
        "bucket": BUCKET,
        "name": "fleet.yaml",
        "content": TEXT.replace("target: sandbox", "target: google"),
    }
    assert published["content"] != TEXT
    entry = change(OBJECT, ["create"], after=published)
    assert guardrails.check(read(document(entry)), rehearsed) == ()


def timer(**changed):
    call = {"uri": RUN, "http_method": "POST", **changed.pop("call", {})}
    return {"schedule": "30 3 * * *", "time_zone": "Europe/Amsterdam", "http_target": [call], **changed}


@pytest.mark.parametrize(
    "changed",
    [
        {"schedule": "0 0 31 2 *"},
        {"time_zone": "UTC"},
        {"time_zone": None},
        {"paused": True},
        {"call": {"http_method": "GET"}},
    ],
)
def test_a_timer_that_starts_a_job_at_another_time(changed):
    assert codes(TIMER, timer()) == codes(TIMER, timer(paused=False)) == []
    assert codes(TIMER, timer(), {"paused": True}) == []  # Google fills it in
    assert codes(TIMER, timer(**changed)) == ["job-work"]


@pytest.mark.parametrize("part", ["schedule", "time_zone"])
def test_a_timer_of_which_nobody_knows_when_it_starts(part):
    assert codes(TIMER, timer(**{part: None}), {part: True}) == ["job-work"]


@pytest.mark.parametrize("gone", [JOB, TIMER])
def test_a_job_of_the_fleet_file_is_there_and_has_its_timer(gone):
    def said(*there):
        entries = [change(kind, ["no-op"], after=after) for kind, after in there]
        entries.append(change(NOTEBOOK, ["update"], before={"name": "zed"}, after={"name": "zed"}))
        found = guardrails.check(read(document(*entries, **LOOKED_UP)), ours())
        return [one.message for one in found if one.code == "job-work"]

    right = [(JOB, job()), (TIMER, timer())]
    assert said(*right) == []
    (message,) = said(*(one for one in right if one[0] != gone))
    assert message.startswith(f"there would be no {'job' if gone == JOB else 'timer'} for prune")
