"""``nbp upgrade run`` over a fleet in every state there is, on a clock that only waiting moves."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from snapshot_documents import Control
from upgrade_chaos import OPERATION_SECONDS, VirtualTime
from upgrade_fleet import NEW_IMAGE, OLD_IMAGE, Fleet, write_fleet_file

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings, nbp
from notebook_provisioner.cli.procedures import Pauses
from notebook_provisioner.sandbox.process import SandboxProcess

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]

KINDS = {
    "idle": 6,  # five minutes before idle shutdown
    "active": 10,
    "stopped": 10,
    "busy": 4,
    "upgrading": 2,
    "provisioning": 2,
    "unwell": 3,
    "refused": 3,  # not upgradable, says Workbench
    "newest": 3,
    "failing": 3,  # the upgrade fails
    "sick": 2,  # the upgrade goes well, and the notebook is unhealthy after it
    "container": 2,
}
NAMES = [f"{kind}-{number}" for kind, count in KINDS.items() for number in range(count)]
UPGRADED = {"idle", "active", "stopped"}
LEFT = {"busy", "upgrading", "provisioning", "unwell"}
EXPECTED = {
    **dict.fromkeys(UPGRADED, "upgraded"),
    **dict.fromkeys(LEFT, "left"),
    **dict.fromkeys(("refused", "newest", "container"), "current"),
    **dict.fromkeys(("failing", "sick"), "failed"),
}


@dataclass
class World:
    fleet: Fleet
    time: VirtualTime
    file: str

    def run(self, *arguments):
        """``nbp upgrade`` in this process, with the virtual time in place of the real one."""
        time = self.time

        class VirtualPauses(Pauses):
            def sleep(self, seconds):
                super().sleep(0)
                time.sleep(seconds)

        class VirtualApp(App):
            def clock(self):
                return time.clock

            def pauses(self):
                return VirtualPauses()

        command = ["--fleet", self.file, "upgrade", *arguments, "--format", "json"]
        done = CliRunner().invoke(nbp, command, obj=Settings(app_type=VirtualApp))
        assert done.stdout.startswith("{"), done.output
        return done.exit_code, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    pytest.importorskip("pytest_socket").enable_socket()
    home = tmp_path_factory.mktemp("home")
    process = SandboxProcess(home / ".sandbox")
    yield home, process.start()
    process.stop()


@pytest.fixture
def world(connection, tmp_path, monkeypatch):
    home, address = connection
    monkeypatch.setenv("NBP_HOME", str(home))
    fleet = Fleet(Control(address.url, address.token))
    time = VirtualTime(fleet.control)
    return World(fleet, time, str(write_fleet_file(tmp_path / "fleet.yaml", NAMES)))


def populate(world):
    fleet, now = world.fleet, world.time.now
    for name in NAMES:
        kind = name.split("-")[0]
        setup = {}
        if kind == "container":
            setup = {"containerImage": {"repository": "example.com/notebooks", "tag": "1"}}
        elif kind == "newest":
            setup = {"vmImage": {"project": "cloud-notebooks-managed", "name": NEW_IMAGE}}
        fleet.add(name, state="STOPPED" if kind == "stopped" else "ACTIVE", **setup)
        in_use = {"last_activity": now - 3300 if kind == "idle" else now + 10 * 86_400}
        fleet.guest(name, **(in_use if kind != "stopped" else {}))
    for number in range(KINDS["busy"]):
        at = datetime.fromtimestamp(now + 86_400, UTC).isoformat()
        fleet.says(f"busy-{number}", "activity", {"kernels": 2, "busy": 1, "at": at})
    for kind, fields in {
        "upgrading": {"state": "UPGRADING"},
        "provisioning": {"state": "PROVISIONING"},
        "unwell": {"healthState": "UNHEALTHY", "healthInfo": {"jupyterlab_status": "-1"}},
    }.items():
        for number in range(KINDS[kind]):
            fleet.change(f"{kind}-{number}", **fields)
    fleet.guest("refused-*", upgradability="Instance is not eligible for upgrade")
    fleet.guest("failing-*", upgrade={"outcome": "fails", "message": "image could not be fetched"})
    fleet.guest("sick-*", upgrade={"outcome": "unhealthy"})
    fleet.control.ask("POST", "sandbox/v1/settings", {"operation_seconds": OPERATION_SECONDS})


@pytest.mark.timeout(600)
def test_a_fleet_of_fifty_is_upgraded_or_explained_and_is_as_it_was(world):
    populate(world)
    assert len(NAMES) == 50
    before = {name: world.fleet.kept(name) for name in NAMES}
    status, answer, _ = world.run("run", "--all", "--now", "--parallel", "12", "--failure-budget", "9")
    assert status == 1  # some failed
    rows = {row["notebook"]: row for row in answer["data"]["notebooks"]}
    assert sorted(rows) == sorted(NAMES)
    for name in NAMES:
        kind, row = name.split("-")[0], rows[name]
        expected = EXPECTED[kind]
        assert row["result"] == expected, row
        assert row["reason"] or expected == "upgraded", row
        assert world.fleet.kept(name) == before[name], name
        image = world.fleet.boot_disk(name)["sourceImage"].rpartition("/")[2]
        if kind in UPGRADED:
            assert image == NEW_IMAGE
            assert world.fleet.upgrades(name) == ["SUCCEEDED"]
        elif kind in LEFT | {"refused", "failing"}:
            assert image == OLD_IMAGE
    assert rows["failing-0"]["reason"] == "upgrade: image could not be fetched"
    assert "its health is UNHEALTHY" in rows["sick-0"]["reason"]
    assert rows["busy-0"]["reason"] == "1 kernel is at work, and would be lost"
    assert rows["refused-0"]["reason"] == "Workbench says: Instance is not eligible for upgrade"
    assert answer["data"]["counts"] == {"upgraded": 26, "current": 8, "left": 11, "failed": 5}

    # A second run finds only what is left to do, and repeats no upgrade.
    status, answer, _ = world.run("run", "--all", "--now", "--parallel", "12", "--dry-run")
    again = {row["notebook"] for row in answer["data"]["notebooks"] if row["result"] == "would-upgrade"}
    assert {name.split("-")[0] for name in again} == {"failing"}
