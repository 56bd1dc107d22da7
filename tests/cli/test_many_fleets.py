"""Commands over the fleets of several projects, against one sandbox over real HTTP."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from many_projects import Elsewhere, Projects
from snapshot_documents import Control
from upgrade_chaos import OPERATION_SECONDS, VirtualTime
from upgrade_fleet import FLEET, INSTANCES, PROJECT, Fleet, write_fleet_file

from notebook_provisioner.adapters.lock import FileLease
from notebook_provisioner.cli import many
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.main import nbp as program
from notebook_provisioner.cli.parameters import Shard, StorageObject
from notebook_provisioner.cli.procedures import Pauses
from notebook_provisioner.core.errors import Interrupted

NAMES = ["ocr", "speech", "vision"]
SATURDAY = datetime(2026, 11, 28, 2, 5, tzinfo=UTC).timestamp()  # in the window of write_fleet_file
ALL, LEFT = 4, 2  # snapshots of a fleet before and after: two rollback points stay

files = st.lists(st.text(min_size=1), unique=True, max_size=40)


@given(files, st.integers(1, 12), st.randoms())
def test_each_fleet_has_exactly_one_task_whatever_the_order(names, count, random):
    shuffled = random.sample(names, len(names))
    shares = [Shard(index, count).share(names) for index in range(count)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert shares == [Shard(index, count).share(shuffled) for index in range(count)]
    assert shares == [Shard(index, count).share(names + names) for index in range(count)]


@given(files, st.integers(1, 12))
def test_no_task_has_two_fleets_more_than_another(names, count):
    sizes = [len(Shard(index, count).share(names)) for index in range(count)]
    assert max(sizes) - min(sizes) <= 1


statuses = st.lists(st.sampled_from([0, 1, 3, 4, 130]), min_size=1)


@given(statuses)
def test_the_exit_status_of_all_promises_nothing_that_one_breaks(each):
    status = many.together(each)
    assert status == many.together(each[::-1])
    assert (status == 0) == (set(each) == {0})
    assert status != 4 or set(each) == {4}  # nothing was changed anywhere
    assert status != 3 or set(each) <= {0, 3}
    if set(each) & {1, 4} and len(set(each)) > 1:
        assert status == 1


@pytest.fixture
def projects(connection, home, tmp_path, monkeypatch):
    monkeypatch.setenv("NBP_HOME", str(home))
    for name in ("NBP_FLEET", "NBP_SHARD", "NBP_LEASE"):
        monkeypatch.delenv(name, raising=False)
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    found = Projects(control, tmp_path, NAMES, datetime.now(UTC))
    control.clear()
    return found


def nbp(*arguments, status=0, app=None, **variables):
    settings = Settings(job="--due" in arguments, app_type=app)
    done = CliRunner().invoke(program, arguments, obj=settings, env=variables)
    assert done.exit_code == status, done.output
    return done


def entries(done):
    return {entry["fleet"] or entry["file"]: entry for entry in json.loads(done.stdout)["data"]["fleets"]}


def publish(projects, name, file):
    """The fleet file in the bucket of acme-*name*, as its apply puts it there; returns its place."""
    bucket = f"acme-{name}-{name}-operations"
    projects.control.ask("POST", f"storage/v1/b?project=acme-{name}", {"name": bucket})
    insert = f"upload/storage/v1/b/{bucket}/o?uploadType=media&name=fleet.yaml"
    projects.control.send("POST", insert, Path(file).read_bytes(), "application/yaml")
    return f"gs://{bucket}/fleet.yaml"


def log(done):
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
class TestPrune:
    """``nbp snapshots prune --fleet A --fleet B …``."""

    def test_a_dry_run_reports_each_project(self, projects):
        done = nbp("snapshots", "prune", *projects.options(), "--format", "json", status=3)
        answer, found = json.loads(done.stdout), entries(done)
        assert (answer["command"], answer["status"]) == ("snapshots prune", "ok")
        assert list(found) == NAMES
        for name, entry in found.items():
            assert (entry["project"], entry["exit_status"], entry["status"]) == (f"acme-{name}", 3, "ok")
            assert entry["data"]["pending"] == ALL - LEFT
            assert len(projects.snapshots(name)) == ALL

    def test_tasks_share_the_projects_and_every_line_says_whose_it_is(self, projects):
        command = ("snapshots", "prune", "--due", "--yes", *projects.options())
        seen = {}
        for task in range(2):
            done = nbp(*command, CLOUD_RUN_TASK_INDEX=str(task), CLOUD_RUN_TASK_COUNT="2")
            for line in log(done):
                seen.setdefault(task, set()).add((line["project"], line["fleet"]))
                assert line["severity"] == "INFO"
        assert seen == {
            0: {("acme-ocr", "ocr"), ("acme-vision", "vision")},
            1: {("acme-speech", "speech")},
        }
        assert {len(projects.snapshots(name)) for name in NAMES} == {LEFT}

    def test_a_task_without_a_fleet_has_nothing_to_do(self, projects):
        command = ("snapshots", "prune", "--due", "--yes", *projects.options(), "--shard", "4/4")
        done = nbp(*command, "--format", "json")
        assert json.loads(done.stdout)["data"] == {"fleets": []}
        assert "0 of 3 fleets, shard 4/4." in nbp(*command).stdout

    def test_one_that_fails_stops_no_other(self, projects, tmp_path):
        broken = projects.write(tmp_path, "broken", "maintenance: {prune: {schedule: daily}}\n")
        absent = tmp_path / "absent.yaml"
        options = [*projects.options(), "--fleet", str(broken), "--fleet", str(absent)]
        done = nbp("snapshots", "prune", "--due", "--yes", *options, "--format", "json", status=1)
        found = entries(done)
        assert json.loads(done.stdout)["status"] == "partial"
        assert {found[name]["exit_status"] for name in NAMES} == {0}
        assert {len(projects.snapshots(name)) for name in NAMES} == {LEFT}
        assert found[str(absent)]["errors"][0]["code"] == "not-found"
        assert found[str(broken)]["errors"][0]["code"] == "invalid-input"
        lines = {finding["location"]["line"] for finding in found[str(broken)]["findings"]}
        assert lines == {broken.read_text("utf-8").count("\n")}
        told = [line for line in log(done) if line["severity"] == "ERROR"]
        assert [line["file"] for line in told] == [str(absent), str(broken)]
        assert log(done)[:2] == told  # before anything is begun

    def test_what_is_wrong_with_any_file_is_told_at_once(self, projects, tmp_path):
        first = projects.write(tmp_path, "first", "maintenance: {prune: {schedule: daily}}\n")
        second = projects.write(tmp_path, "second", "nonsense: 1\n")
        done = nbp("snapshots", "prune", "--fleet", str(first), "--fleet", str(second), status=1)
        assert f"{first}:" in done.stderr
        assert "maintenance.prune.schedule" in done.stderr
        assert f"{second}:" in done.stderr
        assert "nonsense" in done.stderr

    def test_an_exemption_that_ended_is_told_and_holds_up_nothing(self, projects, tmp_path):
        ended = "{control: notebook-disable-terminal, reason: Driven from a shell., expires: 2020-01-31}"
        projects.write(tmp_path, "ocr", f"    exemptions: [{ended}]\n")
        command = ("snapshots", "prune", "--due", "--yes", *projects.options())
        found = entries(nbp(*command, "--format", "json"))
        told = {name: [one["code"] for one in entry["findings"]] for name, entry in found.items()}
        assert "exemption-expired" in told.pop("ocr")
        assert not any("exemption-expired" in codes for codes in told.values())
        assert {len(projects.snapshots(name)) for name in NAMES} == {LEFT}

    def test_each_has_a_lease_of_its_own(self, projects, home):
        with FileLease(home / ".nbp" / "acme-speech" / "speech-sandbox" / "snapshots-prune.lock"):
            done = nbp("snapshots", "prune", "--yes", *projects.options(), "--format", "json", status=1)
            found = entries(done)
            assert {name: entry["exit_status"] for name, entry in found.items()} == {
                "ocr": 0,
                "speech": 4,
                "vision": 0,
            }
            assert found["speech"]["status"] == "refused"
            assert len(projects.snapshots("speech")) == ALL
            both = projects.options("speech", "speech")
            assert "another run holds" in nbp("snapshots", "prune", "--yes", *both, status=4).stderr
        nbp("snapshots", "prune", "--yes", *projects.options("speech", "ocr"))
        assert len(projects.snapshots("speech")) == LEFT

    def test_fleets_of_one_name_keep_what_is_theirs_apart(self, projects, home, tmp_path):
        """Terraform's state, leases, journals and records are in this folder."""
        text = Path(projects.files["ocr"]).read_text("utf-8").replace("name: ocr", "name: speech", 1)
        namesake = tmp_path / "namesake.yaml"
        namesake.write_text(text, "utf-8")
        both = ["--fleet", str(namesake), *projects.options("speech")]
        with FileLease(home / ".nbp" / "acme-speech" / "speech-sandbox" / "snapshots-prune.lock"):
            done = nbp("snapshots", "prune", "--yes", *both, "--format", "json", status=1)
        found = {e["project"]: e["exit_status"] for e in json.loads(done.stdout)["data"]["fleets"]}
        assert found == {"acme-ocr": 0, "acme-speech": 4}

    def test_people_see_each_fleet_and_all_of_them(self, projects):
        done = nbp("snapshots", "prune", "--yes", *projects.options())
        for name in NAMES:
            assert f"{name} of acme-{name} ({projects.files[name]})" in done.stdout
        assert "3 of 3 fleets." in done.stdout
        assert done.stdout.count("Done: 2 deleted") == len(NAMES)

    def test_all_are_listed(self, projects):
        done = nbp("snapshots", "list", *projects.options(), "--format", "json")
        assert {
            name: len(entry["data"]["snapshots"]) for name, entry in entries(done).items()
        } == dict.fromkeys(NAMES, ALL)

    def test_what_belongs_to_one_fleet_is_refused(self, projects):
        options = projects.options()
        for one in (["nb-00000"], ["--former", "nb"], ["--lease", "gs://b/o"]):
            assert "one --fleet" in nbp("snapshots", "prune", *options, *one, status=2).stderr
        assert "takes one --fleet, and there are 3" in nbp("show", "ana", *options, status=2).stderr

    def test_what_the_last_apply_published_is_read(self, projects):
        control = projects.control
        published = publish(projects, "ocr", projects.files["ocr"])
        options = ["--target", "sandbox", "--fleet", published, *projects.options("speech")]
        absent = ["--fleet", "gs://acme-none-none-operations/fleet.yaml"]
        done = nbp("snapshots", "prune", "--yes", *options, *absent, "--format", "json", status=1)
        found = entries(done)
        assert {name: entry["exit_status"] for name, entry in found.items()} == {
            "ocr": 0,
            "speech": 0,
            absent[1]: 1,
        }
        assert found["ocr"]["file"] == published
        assert "apply that fleet" in found[absent[1]]["errors"][0]["hint"]
        assert len(projects.snapshots("ocr")) == LEFT
        control.fault(method="storage.objects.get", kind="status", status=403, reason="forbidden")
        done = nbp("snapshots", "prune", *options[:4], "--format", "json", status=1)
        assert "maintenance.served_by" in json.loads(done.stdout)["errors"][0]["hint"]
        assert "no object" in nbp("check", "--fleet", "gs://only-a-bucket", status=1).stderr

    def test_what_one_project_publishes_rules_no_other(self, projects, tmp_path):
        """The job may delete in all of them: who writes in one's bucket must not choose where."""
        theirs = projects.write(tmp_path, "speech", "")
        published = publish(projects, "ocr", theirs)
        options = ["--target", "sandbox", "--fleet", published, *projects.options("vision")]
        done = nbp("snapshots", "prune", "--due", "--yes", *options, "--format", "json", status=1)
        entry = entries(done)[published]
        assert entry["errors"][0]["code"] == "invalid-input"
        assert "fleet speech of acme-speech" in entry["errors"][0]["message"]
        assert "gs://acme-speech-speech-operations" in entry["errors"][0]["message"]
        assert [line["file"] for line in log(done) if line["severity"] == "ERROR"] == [published]
        assert {name: len(projects.snapshots(name)) for name in NAMES} == {
            "ocr": ALL,
            "speech": ALL,
            "vision": LEFT,
        }
        alone = nbp("snapshots", "prune", "--yes", *options[:4], status=1)
        assert "its own fleet's bucket alone" in alone.stderr
        assert "its own fleet's bucket alone" in nbp("check", *options[:4], status=3).stderr


class InBuckets(App):
    """Leases where they are on Google: in the bucket of each fleet."""

    def lease(self, name, place=None, *, suffix=""):
        bucket = f"{self.fleet.project}-{self.fleet.name}-operations"
        return super().lease(name, place or StorageObject(bucket, f"leases/{name}"), suffix=suffix)


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_what_a_killed_run_left_holds_up_its_own_project_alone(projects):
    """A lease in a bucket that nobody gives back: ten minutes later it is taken over."""
    control = projects.control
    for name in NAMES:
        control.ask("POST", f"storage/v1/b?project=acme-{name}", {"name": f"acme-{name}-{name}-operations"})
    insert = (
        "upload/storage/v1/b/acme-speech-speech-operations/o?uploadType=media&name=leases/snapshots-prune"
    )
    control.send("POST", insert, b'{"holder": "somebody who died"}', "application/json")
    command = ("snapshots", "prune", "--due", "--yes", *projects.options())
    done = nbp(*command, app=InBuckets, status=1)
    (line,) = [line for line in log(done) if line["severity"] == "ERROR"]
    assert (line["code"], line["project"], line["fleet"]) == ("lease-held", "acme-speech", "speech")
    assert {name: len(projects.snapshots(name)) for name in NAMES} == {
        "ocr": LEFT,
        "speech": ALL,
        "vision": LEFT,
    }

    control.ask("POST", "sandbox/v1/settings", {"advance": 601})
    nbp(*command, app=InBuckets)
    assert len(projects.snapshots("speech")) == LEFT
    for name in NAMES:  # and all are given back
        assert control.ask("GET", f"storage/v1/b/acme-{name}-{name}-operations/o").get("items", []) == []


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("method", "interrupt", "told"),
    [
        ("snapshots", KeyboardInterrupt, ["ocr", "speech"]),  # of the one that changed nothing, that is told
        ("snapshots", Interrupted("interrupted"), ["ocr", "speech"]),
        ("journal", KeyboardInterrupt, ["ocr"]),
    ],
)
def test_what_was_done_before_an_interrupt_is_told_and_nothing_else_is_begun(
    projects, method, interrupt, told
):
    def interrupting(self, *arguments, **options):
        if self.fleet.name == "speech":
            raise interrupt
        return getattr(App, method)(self, *arguments, **options)

    Interrupting = type("Interrupting", (App,), {method: interrupting})  # noqa: N806  # a class
    done = nbp(
        "snapshots", "prune", "--yes", *projects.options(), "--format", "json", app=Interrupting, status=130
    )
    assert json.loads(done.stdout)["errors"][0]["code"] == "interrupted"
    assert list(entries(done)) == told
    assert {name: len(projects.snapshots(name)) for name in NAMES} == {
        "ocr": LEFT,
        "speech": ALL,
        "vision": ALL,
    }


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_a_bug_in_one_stops_no_other(projects):
    class Faulty(App):
        def snapshots(self, **options):
            if self.fleet.name == "ocr":
                raise ZeroDivisionError
            return super().snapshots(**options)

    done = nbp("snapshots", "prune", "--yes", *projects.options(), "--format", "json", app=Faulty, status=1)
    found = entries(done)
    assert found["ocr"]["errors"][0]["code"] == "unforeseen"
    assert {len(projects.snapshots(name)) for name in ("speech", "vision")} == {LEFT}


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_the_upgrade_job_takes_each_project_by_itself(connection, home, tmp_path, monkeypatch):
    """Each has its own canary, and a canary that fails holds up its own fleet alone."""
    monkeypatch.setenv("NBP_HOME", str(home))
    control = Control(connection.url, connection.token)
    here = Fleet(control)
    other = Elsewhere(control, {PROJECT: "nbp-others", f'"{FLEET}"': '"others"'})
    there = Fleet(other, fresh=False)
    time = VirtualTime(control)
    control.ask("POST", "sandbox/v1/settings", {"now": SATURDAY})
    time.now = SATURDAY
    names = ["ana", "ben"]
    files = [write_fleet_file(tmp_path / f"{number}.yaml", names) for number in range(2)]
    text = files[1].read_text("utf-8").replace(PROJECT, "nbp-others").replace(f'"{FLEET}"', '"others"')
    files[1].write_text(text, "utf-8")
    for fleet in (here, there):
        for name in names:
            fleet.add(name)
    here.guest("ana", upgrade={"outcome": "fails", "message": "image could not be fetched"})
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": OPERATION_SECONDS})

    class VirtualPauses(Pauses):
        def sleep(self, seconds):
            super().sleep(0)
            time.sleep(seconds)

    class VirtualApp(App):
        def clock(self):
            return time.clock

        def pauses(self):
            return VirtualPauses()

    options = [word for file in files for word in ("--fleet", str(file))]
    done = nbp("upgrade", "run", "--due", "--yes", *options, "--format", "json", app=VirtualApp, status=1)
    found = entries(done)
    assert found["others"]["data"]["counts"] == {
        "upgraded": 1,
        "left": 1,
    }  # the canary; the rest after its soak
    assert found[FLEET]["data"]["counts"] == {"failed": 1, "left": 1}
    assert (found["others"]["exit_status"], found[FLEET]["exit_status"]) == (0, 1)
    assert {line["project"] for line in log(done)} == {PROJECT, "nbp-others"}
    assert there.control.ask("GET", f"{INSTANCES}/ana")["upgradeHistory"]


def test_a_variable_names_one_file_that_may_have_spaces(tmp_path, home):
    folder = tmp_path / "our fleets"
    folder.mkdir()
    path = folder / "fleet.yaml"
    path.write_text(
        (Path(__file__).parents[2] / "examples/quickstart/fleet.yaml").read_text("utf-8"), "utf-8"
    )
    assert f"{path}: no errors" in nbp("check", NBP_FLEET=str(path), NBP_HOME=str(home)).stdout
