"""Copies of a notebook's files: what is left out, when they are made, and what the notebook says of them."""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st
from sandbox_server import Served

from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core.post_startup import sync
from notebook_provisioner.sandbox.environment import Connection, for_gcloud

HERE = Path(__file__).parent
PROGRAM = HERE.parents[2] / "post_startup" / "sync.py"
PROJECT = "sync-test"
BUCKET = "sync-test-ana"


def fleet(**changed):
    path = HERE / "golden" / "fleet.yaml"
    parsed = fleet_file.parse(path.read_text(), file=str(path), today=dt.date(2026, 11, 1))
    notebook = next(one for one in parsed.resolved_notebooks if one.name == "everything")
    fields = {name: getattr(notebook, name) for name in notebook.__slots__}
    return parsed, type(notebook)(**{**fields, "sync": notebook.sync.model_copy(update=changed)})


def is_left_out(path, *patterns):
    return re.match(sync.exclusion(patterns), path) is not None


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("*.parquet", ["a.parquet", "b/c/a.parquet", "x.parquet/y"], ["a.parquet2", "parquet", "a/b.csv"]),
        ("tmp/**", ["tmp", "tmp/a", "tmp/a/b"], ["a/tmp", "tmpx", "a/tmp/b"]),
        ("tmp/", ["tmp", "a/tmp/b"], ["tmpx"]),
        ("/data/raw", ["data/raw", "data/raw/x"], ["x/data/raw", "data/rawx"]),
        ("data/**/big.bin", ["data/big.bin", "data/a/b/big.bin"], ["big.bin", "data/a/big.binx"]),
        ("a?c", ["abc", "x/abc"], ["ac", "a/c", "abbc"]),
        ("**", ["a", "a/b"], []),
        ("a+(b)[c]", ["a+(b)[c]"], ["ab", "aab", "a+(b)c"]),
        ("a,b", ["a,b"], ["a", "b"]),
        ("a\nb", ["a\nb"], ["a"]),
    ],
)
def test_patterns(pattern, left_out, kept):
    assert [path for path in left_out if not is_left_out(path, pattern)] == []
    assert [path for path in kept if is_left_out(path, pattern)] == []


PATTERN_TEXT = st.text(
    alphabet=st.characters(exclude_characters="*?/\0", exclude_categories=["Cs"]), min_size=1
)


@given(PATTERN_TEXT, PATTERN_TEXT)
def test_a_pattern_without_wildcards_is_a_name_and_nothing_else(name, other):
    assert is_left_out(name, name)
    assert is_left_out(f"a/{name}/b", name)
    assert is_left_out(other, name) == (other == name)


@pytest.mark.parametrize(
    "path",
    [
        *(".ssh/id_ed25519", "work/.env", "work/.env.local", "key.pem", "a/b/credentials.json", ".netrc"),
        *(".config/gcloud/access_tokens.db", ".aws/credentials", "my-service-account-1.json"),
        *(".cache/pip/x", ".local/lib/x.py", "a/.ipynb_checkpoints/b.ipynb", "a/__pycache__/b.pyc"),
    ],
)
def test_secrets_and_caches_are_never_copied(path):
    expression = json.loads(sync.settings(*fleet(exclude=()), bucket="b", home="/home/jupyter"))["exclude"]
    assert re.match(expression, path)
    assert not re.match(expression, "work/notes.ipynb")


SCHEDULES = [
    *("*/30 * * * *", "0 19 * * MON", "5 4 31 2-12 *", "0 1-5/2 * * *", "0 0 1 * mon", "0 0 * * 7"),
    *("15 2 1,15 * 1-5", "59 23 29 2 *", "0 12 * 1,6 sun", "0 0 */2 * *"),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd's own reading is not here")
def test_systemd_reads_a_schedule_as_cron_does(schedule):
    cron = CronSim(schedule, dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    expected = [next(cron).strftime("%Y-%m-%d %H:%M") for _ in range(8)]
    found = set()
    for event in sync.calendar(schedule):
        words = ["systemd-analyze", "calendar", "--base-time=2026-11-01 00:00:00 UTC", "--iterations=8"]
        shown = subprocess.run([*words, f"{event} UTC"], capture_output=True, text=True, check=True).stdout
        found |= set(re.findall(r"(?:elapse|#\d+): \w{3} (\S+ \d\d:\d\d):00 UTC", shown))
    assert sorted(found)[:8] == expected


@pytest.mark.parametrize(
    "schedule", ["0 0 L * *", "0 0 LW * *", "0 0 * * 5#2", "0 0 * * 5L", "0 0 * * fri#1"]
)
def test_what_systemd_cannot_say_is_refused(schedule):
    with pytest.raises(ValueError, match="L, W and #"):
        sync.calendar(schedule)
    with pytest.raises(ValueError, match="knows no L, W or #"):
        fleet_file.model.Sync(schedule=schedule)


@pytest.mark.parametrize("schedule", ["0 0 * JUL WED", "0 0 * * wed-sat"])
def test_names_of_days_and_months_are_no_letters_of_cron(schedule):
    assert fleet_file.model.Sync(schedule=schedule).schedule == schedule


def test_a_timer_names_the_zone():
    assert "OnCalendar=Mon *-*-* 19:00:00 Europe/London\n" in sync.timer("0 19 * * MON", "Europe/London")


class Metadata(ThreadingHTTPServer):
    """A metadata server that keeps guest attributes, and a Cloud Logging that keeps entries."""

    def __init__(self, token="t0ken"):  # noqa: S107  # no secret
        super().__init__(("127.0.0.1", 0), Answers)
        self.values = {
            "instance/service-accounts/default/token": json.dumps({"access_token": token}),
            "project/project-id": PROJECT,
            "instance/id": "42",
            "instance/zone": "projects/1/zones/europe-west4-a",
        }
        self.attributes, self.entries = [], []
        self.deaf = 0  # so many requests go unheard


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def answer(self, body=""):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        assert self.headers["Metadata-Flavor"] == "Google"
        self.answer(self.server.values[self.path.removeprefix("/computeMetadata/v1/")])

    def taken(self, kept):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.deaf:
            self.server.deaf -= 1
            self.send_error(503)
        else:
            kept.append(body)
            self.answer("{}")

    def do_PUT(self):
        assert self.path.endswith("instance/guest-attributes/notebook-provisioner/sync")
        self.taken(self.server.attributes)

    def do_POST(self):
        assert self.path == "/v2/entries:write"
        assert self.headers["Authorization"] == "Bearer t0ken"
        self.taken(self.server.entries)


@pytest.fixture
def metadata():
    with Metadata() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def notebook(tmp_path, metadata):
    """Run the program as its unit does; gcloud is a script that says what it was called with."""
    for name in ("home", "state"):
        (tmp_path / name).mkdir()
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(
        '#!/bin/bash\nprintf "%s\\n" "$@" >called\nenv >environment\nexec $(cat behave 2>/dev/null)\n'
    )
    gcloud.chmod(0o755)

    def run(*, environment=None, **changed):
        settings = json.loads(sync.settings(*fleet(), bucket=BUCKET, home=str(tmp_path / "home")))
        address = f"127.0.0.1:{metadata.server_port}"
        settings |= {"state": str(tmp_path / "state"), "logging_url": f"http://{address}"}
        settings |= {"gcloud": [str(gcloud)], **changed}
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        return subprocess.run(
            [sys.executable, "-I", PROGRAM, tmp_path / "settings.json"],
            env={**(environment or {}), "PATH": os.environ["PATH"], "GCE_METADATA_HOST": address},
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    run.folder = tmp_path
    return run


network = [pytest.mark.network, pytest.mark.enable_socket]


class TestProgram:
    """What stands on the notebook."""

    pytestmark = network

    def test_a_success_is_told_to_both(self, notebook, metadata):
        shown = notebook()
        assert shown.returncode == 0, shown.stderr
        (report,) = metadata.attributes
        assert json.loads(shown.stdout.splitlines()[-1]) == report
        assert (report["result"], report["stale"], report["exit"]) == ("ok", False, 0)
        assert (report["notebook"], report["fleet"], report["bucket"]) == ("everything", "golden", BUCKET)
        assert dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(report["last_success"]) < dt.timedelta(
            minutes=2
        )
        (entry,) = metadata.entries
        assert entry["logName"] == f"projects/{PROJECT}/logs/notebook-provisioner-sync"
        labels = {"project_id": PROJECT, "instance_id": "42", "zone": "europe-west4-a"}
        assert entry["resource"] == {"type": "gce_instance", "labels": labels}
        assert entry["entries"] == [{"severity": "INFO", "jsonPayload": report}]

    def test_nothing_is_deleted_unless_asked(self, notebook):
        notebook()
        words = (notebook.folder / "called").read_text().splitlines()
        assert words[:4] == ["storage", "rsync", "--recursive", "--quiet"]
        assert words[-2:] == [str(notebook.folder / "home"), f"gs://{BUCKET}"]
        assert not any(word.startswith("--delete") for word in words)
        notebook(delete=True)
        assert "--delete-unmatched-destination-objects" in (notebook.folder / "called").read_text()

    def test_the_users_own_gcloud_login_has_no_say(self, notebook):
        notebook(environment={"CLOUDSDK_CONFIG": "/home/jupyter/.config/gcloud"})
        environment = (notebook.folder / "environment").read_text()
        assert f"CLOUDSDK_CONFIG={notebook.folder}/state/gcloud\n" in environment

    def test_failures_grow_stale_and_a_success_ends_it(self, notebook, metadata):
        assert notebook().returncode == 0
        (notebook.folder / "behave").write_text("false")
        assert notebook().returncode == 1
        assert notebook(stale_after_seconds=0).returncode == 1
        (notebook.folder / "behave").unlink()
        assert notebook().returncode == 0
        told = [(one["result"], one["stale"], bool(one["last_success"])) for one in metadata.attributes]
        assert told == [
            ("ok", False, True),
            ("failed", False, True),
            ("failed", True, True),
            ("ok", False, True),
        ]
        assert metadata.entries[1]["entries"][0]["severity"] == "ERROR"
        instants = [one["last_success"] for one in metadata.attributes]
        assert instants[0] == instants[1] == instants[2]

    def test_one_that_never_succeeded_grows_stale_from_the_first_try(self, notebook, metadata):
        (notebook.folder / "state" / "times.json").write_text('{"first": 1000000000}')
        (notebook.folder / "behave").write_text("false")
        assert notebook().returncode == 1
        (report,) = metadata.attributes
        assert (report["stale"], report["last_success"]) == (True, "")
        assert report["age_seconds"] > 10**8

    def test_one_that_hangs_is_cut_off_and_told(self, notebook, metadata):
        (notebook.folder / "behave").write_text("sleep 600")
        assert notebook(limit_seconds=0.5).returncode == 124
        assert metadata.attributes[0]["exit"] == 124

    def test_without_gcloud_it_says_so(self, notebook, metadata):
        assert notebook(gcloud=["no-such-program"]).returncode == 127
        assert metadata.attributes[0]["result"] == "failed"

    def test_who_is_deaf_for_a_while_hears_in_the_end(self, notebook, metadata):
        metadata.deaf = 2
        assert notebook().returncode == 0
        assert (len(metadata.attributes), len(metadata.entries)) == (1, 1)

    def test_a_report_that_nobody_hears_is_a_failure(self, notebook, metadata):
        metadata.deaf = 100
        assert notebook().returncode == 1

    def test_a_state_that_was_tampered_with_does_not_stop_it(self, notebook):
        (notebook.folder / "state" / "times.json").write_text("no JSON")
        assert notebook().returncode == 0

    def test_two_do_not_run_at_once(self, notebook):
        with subprocess.Popen(
            ["flock", str(notebook.folder / "state" / "turn"), "-c", "echo held; read -r _"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout.readline() == "held\n"
            assert notebook().returncode == 75
            holder.stdin.write("\n")


@pytest.mark.gcloud
@pytest.mark.network
@pytest.mark.enable_socket
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is absent: its copying is not checked")
def test_the_real_gcloud_copies_what_is_not_left_out(notebook, metadata, tmp_path):
    served = Served(tmp_path, "--check-answers")
    try:
        connection = Connection(served.url, served.token, served.folder / "token", served.folder)

        def ask(method, path, body=None):
            status, answer = served.ask(method, path, body, Authorization=f"Bearer {served.token}")
            assert status == 200, answer
            return answer

        ask("POST", f"storage/v1/b?project={PROJECT}", {"name": BUCKET})
        metadata.values["instance/service-accounts/default/token"] = json.dumps(
            {"access_token": served.token}
        )
        home = notebook.folder / "home"
        secret = notebook.folder / "secret"
        secret.write_text("root's")
        for name in ("work/a b.ipynb", "-rf", "work/é, $(id).txt", ".env", ".ssh/id_rsa", "raw/x.parquet"):
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(name)
        (home / "link").symlink_to(secret)
        expression = json.loads(sync.settings(*fleet(exclude=("*.parquet",)), bucket="b", home="h"))[
            "exclude"
        ]

        def copy(**changed):
            shown = notebook(
                environment=for_gcloud(connection, project=PROJECT),
                gcloud=["gcloud"],
                exclude=expression,
                logging_url=f"{served.url}/logging",
                **changed,
            )
            assert shown.returncode == 0, shown.stderr
            listed = ask("GET", f"storage/v1/b/{BUCKET}/o")
            return {item["name"] for item in listed.get("items", [])}

        assert copy() == {"work/a b.ipynb", "-rf", "work/é, $(id).txt"}
        (home / "-rf").unlink()
        assert "-rf" in copy()
        assert "-rf" not in copy(delete=True)
        query = f'logName="projects/{PROJECT}/logs/notebook-provisioner-sync" AND jsonPayload.stale=true'
        asked = {"resourceNames": [f"projects/{PROJECT}"], "filter": query.replace("true", "false")}
        assert len(ask("POST", "logging/v2/entries:list", asked)["entries"]) == 3
        assert ask("POST", "logging/v2/entries:list", {**asked, "filter": query}) == {}
    finally:
        served.stop()
