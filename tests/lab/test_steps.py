"""Every step, run for real: twice without a change, failing where it must, and deaf to hostile values.

The image has stand-ins for what the lab's host may lack: pip, unattended-upgrades and a git server.
"""

import datetime as dt
import hashlib
import re
import shlex
from pathlib import Path

import pytest

from notebook_provisioner import __version__
from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core.fleet.guest import AuditLog, Hardening, PackageIndex, UserScript
from notebook_provisioner.core.fleet.model import Exemption, Repository
from notebook_provisioner.core.fleet.sync import Sync
from notebook_provisioner.core.post_startup import Renderer, body_sha256
from notebook_provisioner.sandbox.lab.rehearsal import judge

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
SCRIPT = "gs://acme-scripts/post-startup.sh"
OWN = "gs://acme-scripts/own.sh"
OWN_TEXT = "#!/bin/bash\necho mine\n"
RENDERER = Renderer(post_startup_templates(), version=__version__)

# Runs once, when the machine is new. /usr/local comes first in every PATH.
IMAGE = """#!/bin/bash
program() { cat >"/usr/local/bin/$1"; chmod 0755 "/usr/local/bin/$1"; }
program unattended-upgrade <<<'#!/bin/bash'
program apt-config <<'EOF'
#!/bin/bash
cat /etc/apt/apt.conf.d/* | sed -n "s/^\\($2\\) /\\1 /p" | tail -n 1
EOF
mkdir -p /opt/conda/bin
cat >/opt/conda/bin/python3 <<'EOF'
#!/bin/bash
case "$*" in
  "-m pip --version") ;;
  "-m pip config get global.index-url") sed -n 's/^index-url = //p' /etc/pip.conf ;;
  "-m pip install"*)
    site=$(/usr/bin/python3 -c 'import site; print(site.getusersitepackages())')/nothing-1.0.dist-info
    mkdir -p "${site}"
    printf 'Metadata-Version: 2.1\\nName: nothing\\nVersion: 1.0\\n' >"${site}/METADATA"
    ;;
  *) exec /usr/bin/python3 "$@" ;;
esac
EOF
chmod 0755 /opt/conda/bin/python3
git init --quiet --initial-branch=main /srv/git/team/notes.git
cd /srv/git/team/notes.git
git -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty --message=First
chown -R jupyter: /srv/git
git config --file /etc/gitconfig url./srv/git/.insteadOf https://source.acme.example/
"""
EVERYTHING = {
    "hardening": Hardening(shell_escapes="block", unattended_upgrades=True),
    "audit_log": AuditLog(commands=True, jupyter=True),
    "package_index": PackageIndex(
        pip="https://europe-west4-python.pkg.dev/acme/pypi/simple", conda="https://conda.acme.example/main"
    ),
    "packages": ("nothing==1.0",),
    "repositories": (Repository(url="https://source.acme.example/team/notes.git", ref="main"),),
    "environment": {"FEATURE_STORE": "O'Brien's $(store)"},
    "sync": Sync(enabled=True, exclude=("*.parquet",)),
    "user_script": UserScript(source=OWN, sha256=hashlib.sha256(OWN_TEXT.encode()).hexdigest()),
}
# Files of the whole machine that a script could have written, as they are.
LOOK = [
    "bash",
    "-c",
    "find /etc /usr/local /opt /srv /home /root -type f -printf '%p %T@ %m %u ' -exec md5sum {} +",
]
UNIT = "/etc/systemd/system/notebook-provisioner-sync"
VERIFY_UNITS = [
    "bash",
    "-c",
    f"! command -v systemd-analyze >/dev/null || systemd-analyze verify {UNIT}.timer {UNIT}.service; echo $?",
]


def rendered(*, target="sandbox", **changed):
    text = (ROOT / "examples/quickstart/fleet.yaml").read_text()
    fleet = fleet_file.parse(text, file="quickstart", today=dt.datetime.now(dt.UTC).date())
    notebook = fleet.resolved_notebooks[0]
    fields = {name: getattr(notebook, name) for name in notebook.__slots__}
    return RENDERER.render(
        type(notebook)(**{**fields, **EVERYTHING, **changed}),
        fleet.model_copy(update={"target": target}),
        storage_url="http://storage.googleapis.com",
    )


@pytest.fixture
def start(new_machine):
    """Make a machine; gives a function that boots it with a script, and tells how that went."""

    def make(extra="", files=None):
        machine = new_machine(
            image_files={"/opt/c2d/scripts/00-image.sh": f"{IMAGE}{extra}\n".encode(), **(files or {})}
        )
        attributes = {
            "post-startup-script": SCRIPT,
            "post-startup-script-behavior": "download_and_run_every_start",
        }

        def boot(script, *commands, objects=None):
            stored = {SCRIPT: script.encode(), OWN: OWN_TEXT.encode(), **(objects or {})}
            report = machine.boot(attributes, objects=stored, commands=[LOOK, *commands])
            return judge(report), [ran.output for ran in report.of_stage("command")]

        return boot

    return make


def test_every_step_runs_and_a_second_time_changes_nothing(start):
    boot, script = start(), rendered()
    first, (before, *_) = boot(script)
    second, (after, units) = boot(script, VERIFY_UNITS)
    assert first.is_complete, first.output + first.serial
    assert second.is_complete, second.output + second.serial
    skipped = {name for name, word in first.steps.items() if word == "skipped"}
    # No Jupyter, no systemd and no Google network are in the lab; their files are written all the same.
    assert skipped == {"jupyter-server", "audit-log", "egress"}
    assert second.steps == first.steps
    assert before == after
    assert units.split()[-1] == "0", units  # systemd takes the units as they are
    for name in ("audit/rules.d/50-notebook-provisioner.rules", "google-cloud-ops-agent/config.yaml"):
        assert f"/etc/{name} " in before
    assert "/home/jupyter/notes/.git/HEAD " in before


def test_what_is_no_longer_asked_for_goes(start):
    boot = start()
    assert boot(rendered())[0].is_complete
    off = {"sync": Sync(), "audit_log": AuditLog(), "hardening": Hardening()}
    run, (files, *_) = boot(rendered(**off))
    assert run.is_complete, run.output
    for name in (
        "notebook-provisioner-sync",
        "50-notebook-provisioner.rules",
        "config.yaml",
        "jupyter_server_config.py",
    ):
        assert name not in files
    assert "/etc/ipython/startup" not in files


def other(name, body):
    """Put another program before the image's."""
    return f"cat >/usr/local/bin/{name} <<'EOF'\n#!/bin/bash\n{body}\nEOF\nchmod 0755 /usr/local/bin/{name}"


VIRTUAL_IP = other("getent", '[[ $1 == ahostsv4 ]] || exec /usr/bin/getent "$@"; echo 199.36.153.4')
PYTHON_THAT = "sed -i '2i {}' /opt/conda/bin/python3"
OPEN_JUPYTER = """
cat >/srv/jupyter.py <<'EOF'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("127.0.0.1", 8080), Answers).serve_forever()
EOF
setsid python3 /srv/jupyter.py >/dev/null 2>&1 &
for ((try = 0; try < 100; try++)); do curl --silent http://127.0.0.1:8080/ && break; sleep 0.1; done
"""
# step → what is broken on the image, what else the script is told, words of the line that must be named
FAULTS = {
    "data-disk": (other("findmnt", "exit 1"), {}, "fail "),
    "account": (other("sudo", 'echo "(ALL) NOPASSWD: ALL"'), {}, "sudo"),
    "environment": ("touch /etc/notebook-provisioner", {}, "install --directory"),
    "package-index": ("touch /usr/local/bin/keyring", {}, "somebody else's"),
    "unattended-upgrades": (
        """echo 'APT::Periodic::Unattended-Upgrade "0";' >/etc/apt/apt.conf.d/99-off""",
        {},
        "turns upgrades off",
    ),
    "audit-log": (
        "mkdir /etc/google-cloud-ops-agent; echo 'logging: {}' >/etc/google-cloud-ops-agent/config.yaml",
        {},
        "settings of somebody else",
    ),
    "ipython": (
        "folder=/home/jupyter/.ipython/profile_default/startup; mkdir -p $folder; touch $folder/my.py",
        {},
        "start-up files",
    ),
    "activity": (
        other("python3", '[[ $* != *activity.py* ]] || exit 1; exec /usr/bin/python3 "$@"'),
        {},
        "is no program of this Python",
    ),
    "jupyter-server": (OPEN_JUPYTER, {}, "foreign host"),
    "egress": (VIRTUAL_IP.replace("199.36.153.4", "8.8.8.8"), {"target": "google"}, "no virtual IP"),
    "git": ("rm -r /srv/git/team", {}, "could not be cloned"),
    "packages": (PYTHON_THAT.format('[[ $* != "-m pip install"* ]] || exit 1'), {}, "pip could not install"),
    "sync": (
        "rm --force {/usr/local,/usr,/snap,/opt/google-cloud-sdk}/bin/gcloud",
        {},
        "gcloud is not installed",
    ),
    "user-script": (
        "",
        {"user_script": UserScript(source=OWN, sha256="0" * 64)},
        "is not the one in the fleet file",
    ),
}


def test_every_step_has_a_fault():
    assert {step.id.text for step in RENDERER.steps} == set(FAULTS)


@pytest.mark.parametrize("step", FAULTS)
def test_a_fault_is_an_error_with_step_line_and_exit_code(start, step):
    broken, changed, words = FAULTS[step]
    script = rendered(**changed)
    run, _ = start(broken)(script)
    assert (run.state, run.step, run.steps.get(step)) == ("ERROR", step, "error"), run.output
    assert run.exit_status == 1
    assert list(run.steps)[-1] == step
    assert words in script.splitlines()[run.line - 1]


def test_egress_is_content_where_google_is_at_the_virtual_ip(start):
    run, _ = start(VIRTUAL_IP)(rendered(target="google"))
    assert run.is_complete, run.output
    assert run.steps["egress"] == "done"


PWN = "touch /pwned /tmp/pwned /home/jupyter/pwned"
NASTY = (
    f"$({PWN})`{PWN}`'; {PWN}; '\"; {PWN}; \"| {PWN} &\n{PWN}\nEOF\n{PWN}\n"
    "${IFS}\\ {{7*7}} {% raw %} %n é\u202e\U0001f600"
)
HOSTILE = [NASTY, f"-rf {NASTY}", f"--output=/pwned {NASTY}"]


def exempt(text):
    return Exemption.model_construct(
        control="notebook-disable-root", reason=text, expires=dt.date(2099, 1, 1)
    )


# What a fleet file cannot say, past every check: where one text of it is believed, all of it runs.
FIELDS = {
    "texts": lambda text: {
        "environment": {"HOSTILE": text},
        "exemptions": (exempt(text),),
        "zone": text,
        "sync": Sync.model_construct(enabled=True, exclude=(text,), time_zone=text),
    },
    "pip": lambda text: {"package_index": PackageIndex.model_construct(pip=text, conda=None)},
    "pip with a login": lambda text: {
        "package_index": PackageIndex.model_construct(
            pip=f"https://europe-west4-python.pkg.dev/{text}", conda=None
        )
    },
    "conda": lambda text: {"package_index": PackageIndex.model_construct(pip=None, conda=text)},
    "repository": lambda text: {"repositories": (Repository.model_construct(url=text, ref=None),)},
    "ref": lambda text: {
        "repositories": (
            Repository.model_construct(url="https://source.acme.example/team/notes.git", ref=text),
        )
    },
    "package": lambda text: {"packages": (text,)},
    "script": lambda text: {
        "user_script": UserScript.model_construct(source=f"gs://b/{text}", sha256=text, run_as="root")
    },
    "account": lambda text: {"metadata": {"jupyter-user": text}},
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_hostile_value_is_data(start, field):
    boot = start()
    look = ["bash", "-c", "ls -d /pwned* /tmp/pwned* /home/*/pwned* /root/pwned* 2>/dev/null"]
    for text in HOSTILE:
        script = rendered(**FIELDS[field](text))
        run, (_, pwned, environment) = boot(script, look, ["cat", "/etc/notebook-provisioner/environment"])
        assert pwned == "", run.output
        assert run.is_complete or run.steps[run.step] == "error", run.output  # it ended in its own words
        if field == "texts":
            assert run.is_complete, run.output
            assert f"HOSTILE={shlex.quote(text)}\n" in environment


def test_what_hostile_values_try_would_be_seen(start):
    """The same text, believed once."""
    boot = start()
    script = rendered(environment={"HOSTILE": "believed"}).replace("main() {", f"main() {{\n  {PWN}", 1)
    digest = body_sha256(script)
    script = re.sub(r"(?m)^# body-sha256: \w+", f"# body-sha256: {digest}", script)
    run, (_, pwned) = boot(script, ["bash", "-c", "ls -d /pwned* /tmp/pwned* /home/*/pwned*"])
    assert run.is_complete, run.output
    assert pwned.split() == ["/home/jupyter/pwned", "/pwned", "/tmp/pwned"]  # noqa: S108  # in the machine
