"""A fleet's life against the sandbox: made, left alone, changed in place, guarded, taken down."""

import json
import shutil
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.core import fleet, guardrails, impact, terraform_plan
from notebook_provisioner.core.errors import ImpactRefused
from notebook_provisioner.core.plan import Impact
from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess

REPOSITORY = Path(__file__).resolve().parents[2]
NO_CHANGES, CHANGES = 0, 2  # of terraform plan -detailed-exitcode
QUICKSTART = ("ana-research", "ana-training", "ben-research")
PRODUCTION = ("card-models", "claims-review", "sanctions-lab")
UPGRADE_JOB = """\
  upgrade:
    schedule: 0 * * * * # every hour, to meet every window
    time_zone: Europe/Amsterdam
"""
LOG_BUCKET = "module.observability[0].google_logging_project_bucket_config.audit"
EXEMPTION = """\
    exemptions:
      - control: idle-timeout-seconds
        reason: Training runs for days on end.
        expires: 2027-06-30
"""
pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.long,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.timeout(1200),  # hashicorp/google waits for ten seconds here and there
]


class Root:
    """The root module, with a fleet file and scripts of its own."""

    def __init__(self, terraform, folder):
        self._terraform = terraform
        self._folder = folder
        self.fleet_file = folder / "fleet.yaml"
        self.rendered = folder / "rendered"
        self._root = folder / "terraform" / "fleet"
        self._shown = {}  # the last plan
        self._is_planned = False  # whether it is still to be carried out
        self._variables = [
            f"-var=fleet_file={self.fleet_file}",
            f"-var=rendered_directory={self.rendered}",
        ]
        self._arguments = ["-no-color", "-input=false", *self._variables]
        terraform.succeed(self._root, "init", "-no-color", "-input=false")

    def make_surroundings(self):
        """Make what the fleet file says is there already."""
        place = "examples/production/surroundings"
        folder = Path(shutil.copytree(REPOSITORY / place, self._folder / place))
        self._terraform.succeed(folder, "init", "-no-color", "-input=false")
        variable = f"-var=fleet_file={self.fleet_file}"
        self._terraform.succeed(folder, "apply", "-auto-approve", "-no-color", "-input=false", variable)
        made = json.loads(self._terraform.succeed(folder, "output", "-json"))
        self.fleet_file.write_text(made["fleet_file"]["value"])

    def apply(self, *options):
        """Carry out what was planned, as nbp does; or plan first, where nothing was or *options* say more."""
        what = ["plan"] if self._is_planned and not options else [*self._variables, *options]
        self._is_planned = False
        words = ("apply", "-auto-approve", "-no-color", "-input=false")
        return self._terraform.succeed(self._root, *words, *what)

    def apply_refused(self):
        """Carry out what was planned, which somebody else stops."""
        self._is_planned = False
        refused = self._terraform.run(self._root, "apply", "-no-color", "-input=false", "plan")
        assert refused.returncode == 1, refused.stdout
        return refused

    def destroy(self):
        return self._terraform.run(self._root, "destroy", "-auto-approve", *self._arguments)

    def plan(self):
        """What an apply would do, as {address: actions}."""
        planned = self._terraform.run(self._root, "plan", "-detailed-exitcode", "-out=plan", *self._arguments)
        assert planned.returncode in {NO_CHANGES, CHANGES}, planned.stdout + planned.stderr
        self._shown = json.loads(self._terraform.succeed(self._root, "show", "-json", "plan"))
        changes = {
            change["address"]: change["change"]["actions"]
            for change in self._shown["resource_changes"]
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }
        self._is_planned = bool(changes)
        assert bool(changes) == (planned.returncode == CHANGES), planned.stdout
        return changes

    def findings(self):
        """What the guardrails say about the last plan."""
        ours = fleet.parse(self.fleet_file.read_text(), file="fleet.yaml", today=date(2026, 11, 22))
        return guardrails.check(terraform_plan.read(self._shown), ours)

    def require(self, accepted):
        """Hold the last plan to what people accept that it costs them."""
        impact.assess(terraform_plan.read(self._shown)).require(accepted)

    def take_over(self, address, identity):
        """Forget a resource, and import it."""
        self._terraform.succeed(self._root, "state", "rm", address)
        self._terraform.succeed(self._root, "import", *self._arguments, address, identity)

    def outputs(self):
        shown = json.loads(self._terraform.succeed(self._root, "output", "-json"))
        return {name: output["value"] for name, output in shown.items()}

    def resources(self):
        return self._terraform.succeed(self._root, "state", "list").split()

    def forget(self, address):
        return self._terraform.succeed(self._root, "state", "rm", address)

    def relabel(self, notebook, labels):
        """Change a notebook's labels past Terraform."""
        endpoint = self._terraform.environment["GOOGLE_WORKBENCH_CUSTOM_ENDPOINT"]
        name = self.outputs()["notebooks"][notebook]["id"]
        self._call("PATCH", f"{endpoint}{name}?updateMask=labels", {"labels": labels})

    def fail_once(self, method):
        """Have the sandbox refuse the next call of a method."""
        url = self._terraform.environment["GOOGLE_WORKBENCH_CUSTOM_ENDPOINT"].partition("/notebooks/")[0]
        fault = {"method": method, "kind": "status", "status": 403, "count": 1}
        self._call("POST", f"{url}/sandbox/v1/faults", fault)

    def _call(self, verb, url, document):
        token = self._terraform.environment["GOOGLE_OAUTH_ACCESS_TOKEN"]
        request = urllib.request.Request(  # noqa: S310  # the sandbox, on 127.0.0.1
            url,
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            method=verb,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            assert answer.status == 200

    def scripts(self):
        """The scripts that can be read in the bucket now, and those that Terraform knows of."""
        state = json.loads(self._terraform.succeed(self._root, "state", "pull"))
        known = {
            instance["attributes"]["name"]: instance["attributes"]["bucket"]
            for resource in state["resources"]
            if resource["type"] == "google_storage_bucket_object" and resource["name"] == "script"
            for instance in resource["instances"]
        }
        (bucket,) = set(known.values())
        endpoint = self._terraform.environment["GOOGLE_STORAGE_CUSTOM_ENDPOINT"]
        with urllib.request.urlopen(f"{endpoint}b/{bucket}/o", timeout=60) as answer:  # noqa: S310  # as above
            return {item["name"] for item in json.load(answer)["items"]}, set(known)

    def edit(self, old, new):
        text = self.fleet_file.read_text()
        assert old in text
        self.fleet_file.write_text(text.replace(old, new))
        self._is_planned = False


@pytest.fixture
def root(serving, installed_terraform, tmp_path, request):
    """The root module against a sandbox; one stand-in serves all its Terraforms."""
    fleet = REPOSITORY / request.param
    sandbox = SandboxProcess(tmp_path / "sandbox")
    connection = sandbox.start()
    variables = environment.for_terraform(connection, project="unused", region="unused")
    try:
        shutil.copytree(
            REPOSITORY / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*")
        )
        shutil.copy(fleet, tmp_path / "fleet.yaml")
        (tmp_path / "rendered").mkdir()
        for name in ("ana", "ben", "only", *QUICKSTART, *PRODUCTION):
            (tmp_path / "rendered" / f"{name}.sh").write_text(f"#!/bin/bash\necho {name}\n")
        with serving(variables) as resident:
            terraform = {**installed_terraform.environment, **variables, **resident}
            yield Root(type(installed_terraform)(terraform), tmp_path)
    finally:
        sandbox.stop()


@pytest.mark.parametrize("root", ["examples/quickstart/fleet.yaml"], indirect=True)
def test_the_quickstart_lives(root):
    assert root.plan()
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    assert root.findings() == ()  # of what stands

    notebooks = root.outputs()["notebooks"]
    assert set(notebooks) == set(QUICKSTART)
    accounts = {notebook["service_account"] for notebook in notebooks.values()}
    assert len(accounts) == len(notebooks)
    assert all(notebook["proxy_uri"] for notebook in notebooks.values())

    root.edit("idle_timeout_seconds: 3600", "idle_timeout_seconds: 5400")
    root.edit("owner: ben@example.com\n", f"owner: ben@example.com\n{EXEMPTION}")
    before, known = root.scripts()
    assert before == known
    old = (root.rendered / "ben-research.sh").read_text()
    (root.rendered / "ben-research.sh").write_text("#!/bin/bash\necho something else\n")
    assert root.plan() == {
        'module.notebook["ana-research"].google_workbench_instance.this': ["update"],
        'module.notebook["ben-research"].google_workbench_instance.this': ["update"],
        'module.script_bucket.google_storage_bucket_object.script["ben-research"]': ["create", "delete"],
    }
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    live, known = root.scripts()
    assert live == before | known  # the old script is still there to go back to
    assert len(live) == len(before) + 1

    (root.rendered / "ben-research.sh").write_text(old)
    root.apply()  # back to a script that is there already
    assert root.plan() == {}
    assert root.scripts() == (live, before)

    root.relabel("ana-research", {"environment": "changed-by-hand"})
    drifted = 'module.notebook["ana-research"].google_workbench_instance.this'
    assert root.plan() == {drifted: ["update"]}
    root.apply()
    assert root.plan() == {}

    root.edit("size_gb: 200\n", "size_gb: 200\n      type: PD_SSD\n")
    replaced = root.plan()
    assert replaced['module.notebook["ana-training"].google_workbench_instance.this'] == ["delete", "create"]
    root.apply()
    assert root.plan() == {}

    destroyed = root.destroy()
    assert destroyed.returncode == 0, destroyed.stderr
    assert root.resources() == []

    root.apply("-var=adopt_key=true")  # the key ring and the key are still there: a destroy deletes neither
    assert root.plan() == {}


@pytest.mark.parametrize("root", ["examples/production/fleet.yaml"], indirect=True)
def test_production_lives(root):
    root.make_surroundings()
    assert root.plan()
    assert root.findings() == ()
    root.fail_once("notebooks.projects.locations.instances.create")
    root.apply_refused()
    assert LOG_BUCKET not in root.resources()  # it is locked: nobody could take it back
    root.apply()
    assert root.plan() == {}
    assert root.findings() == ()
    assert LOG_BUCKET in root.resources()

    root.edit("keep_days: 30", "keep_days: 60")
    root.edit("schedule: 30 3 * * *", "schedule: 30 4 * * *")
    fleet_file = "module.maintenance[0].google_storage_bucket_object.fleet_file"
    assert set(root.plan()) == {
        *(f'module.notebook["{name}"].google_compute_resource_policy.data_disk[0]' for name in PRODUCTION),
        'module.maintenance[0].google_cloud_scheduler_job.this["prune"]',
        fleet_file,
    }
    root.apply()
    assert root.plan() == {}

    root.edit(UPGRADE_JOB, "")
    gone = {address: actions for address, actions in root.plan().items() if actions == ["delete"]}
    assert 'module.maintenance[0].google_cloud_run_v2_job.this["upgrade"]' in gone
    assert all('["upgrade' in address for address in gone)
    root.apply()
    assert root.plan() == {}

    replaced = 'module.notebook["sanctions-lab"].google_workbench_instance.this'
    root.edit("type: PD_SSD", "type: PD_BALANCED")
    assert root.plan()[replaced] == ["delete", "create"]
    assert {finding.code for finding in root.findings()} == {"deletion-protected"}
    root.edit("type: PD_BALANCED", "type: PD_SSD")
    root.edit("defaults:\n", "defaults:\n  deletion_protection: false\n")
    root.apply()
    root.edit("type: PD_SSD", "type: PD_BALANCED")
    assert root.plan()[replaced] == ["delete", "create"]
    assert root.findings() == ()
    with pytest.raises(ImpactRefused):
        root.require(Impact.RESTART)
    root.require(Impact.REPLACE)
    root.apply()
    assert root.plan() == {}

    refused = root.destroy()  # as Google does, as long as logs are in it
    assert "locked bucket cannot be deleted" in refused.stderr
    root.forget(LOG_BUCKET)
    destroyed = root.destroy()
    assert destroyed.returncode == 0, destroyed.stderr
    assert root.resources() == []


@pytest.mark.parametrize("root", ["terraform/fleet/tests/fleets/created.yaml"], indirect=True)
def test_a_protected_fleet_is_not_destroyed(root):
    root.apply()
    assert root.plan() == {}
    notebook = 'module.notebook["ana"].google_workbench_instance.this'
    perimeter = "module.perimeter[0].google_access_context_manager_service_perimeter.this"
    root.edit("mode: dry-run", "mode: enforced")
    assert root.plan() == {perimeter: ["update"]}
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    root.take_over(perimeter, root.outputs()["perimeter"]["name"])
    assert root.plan() == {}
    assert set(root.outputs()["buckets"]["sync"]) == {"ben"}

    root.edit("owner: ana@example.com", "owner: eva@example.com")
    assert root.plan()[notebook] == ["delete", "create"]
    assert {finding.code for finding in root.findings()} == {"deletion-protected"}
    refused = root.apply_refused()
    assert "deletion_policy" in refused.stderr
    root.edit("owner: eva@example.com", "owner: ana@example.com")
    root.apply()  # of the outputs alone
    assert root.plan() == {}

    refused = root.destroy()
    assert refused.returncode == 1
    assert "deletion_policy" in refused.stderr
    assert notebook in root.resources()

    root.apply()  # what the refused destroy took down is made again
    root.edit(
        "notebooks:\n  - name: ana", "defaults:\n  deletion_protection: false\nnotebooks:\n  - name: ana"
    )
    root.apply()
    destroyed = root.destroy()
    assert destroyed.returncode == 0, destroyed.stderr
    assert root.resources() == []


@pytest.mark.parametrize("root", ["terraform/modules/fleet-file/tests/fleets/minimal.yaml"], indirect=True)
def test_a_schedule_of_snapshots_comes_and_goes(root):
    root.apply()
    owner = "owner: ana@example.com\n"
    scheduled = f"{owner}    data_disk_snapshots:\n      keep_days: 7\n"
    notebook = 'module.notebook["only"].google_workbench_instance.this'
    attachment = 'module.notebook["only"].google_compute_disk_resource_policy_attachment.data_disk[0]'
    policy = 'module.notebook["only"].google_compute_resource_policy.data_disk[0]'

    root.edit(owner, scheduled)
    assert root.plan() == {attachment: ["create"], policy: ["create"]}
    root.apply()
    assert root.plan() == {}

    root.edit("      keep_days: 7\n", "      keep_days: 7\n    deletion_protection: false\n")
    root.apply()
    root.edit(
        "machine_type: e2-standard-4", "machine_type: e2-standard-4\n    data_disk:\n      type: PD_SSD"
    )
    assert root.plan() == {key: ["delete", "create"] for key in (notebook, attachment)}
    root.apply()
    assert root.plan() == {}

    root.edit("    data_disk_snapshots:\n      keep_days: 7\n", "")
    assert root.plan() == {attachment: ["delete"], policy: ["delete"]}
    root.apply()
    assert root.plan() == {}
    assert policy not in root.resources()


@pytest.mark.parametrize("root", ["terraform/modules/fleet-file/tests/fleets/minimal.yaml"], indirect=True)
def test_whoever_is_told_of_alerts_goes_and_comes(root):
    """Google keeps a channel that an alert names: the alerts let go of it first."""
    told = "  notify: [ana@example.com, ben@example.com]\n"
    root.edit("profiles:\n", f"observability:\n  locked: false\n{told}profiles:\n")
    root.apply()
    for others in ("  notify: [cleo@example.com]\n", ""):
        root.edit(told, others)
        root.apply()
        assert root.plan() == {}
        told = others


@pytest.mark.parametrize("root", ["terraform/fleet/tests/fleets/names.yaml"], indirect=True)
def test_an_allow_list_of_domain_names_lives(root):
    assert root.plan()
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}

    account = root.outputs()["notebooks"]["ben"]["service_account"]
    assert account.endswith("@gcp-sa-notebooks-vm.iam.gserviceaccount.com")
    assert 'module.notebook["ben"].google_service_account.this[0]' not in root.resources()

    root.edit("[docs.example.com]", "[docs.example.com, data.example.com]")
    rule = "module.network[0].google_compute_network_firewall_policy_rule.allow_egress_fqdns[0]"
    assert root.plan() == {rule: ["update"]}
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}

    root.edit("    fqdns: [docs.example.com, data.example.com]\n", "")
    closed = root.plan()
    assert closed["module.network[0].google_compute_network.this"] == ["update"]  # Google's own order again
    assert closed["module.network[0].google_compute_route.default[0]"] == ["delete"]
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    destroyed = root.destroy()
    assert destroyed.returncode == 0, destroyed.stderr


@pytest.mark.parametrize("root", ["terraform/fleet/tests/fleets/proxy.yaml"], indirect=True)
def test_a_secure_web_proxy_lives(root):
    assert root.plan()
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    ours = fleet.parse(root.fleet_file.read_text(), file="fleet.yaml", today=date(2026, 11, 22))
    assert root.outputs()["network"]["proxy"] == fleet.proxy.of(ours).url

    root.edit("[docs.example.com]", '[docs.example.com, "*.example.org"]')
    assert root.plan() == {"module.network[0].google_network_security_url_lists.allowed[0]": ["update"]}
    assert root.findings() == ()
    root.apply()
    assert root.plan() == {}
    destroyed = root.destroy()
    assert destroyed.returncode == 0, destroyed.stderr
    assert root.resources() == []
