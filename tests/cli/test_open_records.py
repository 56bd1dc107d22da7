"""Open records hold up what would change their notebooks, wherever they are."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from snapshot_documents import Control

from notebook_provisioner.adapters.google.records import BucketRecords
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.procedures import require_none_open
from notebook_provisioner.core.procedures import Record, RecordOpen
from notebook_provisioner.core.upgrades.procedure import UPGRADE_KIND

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
STATE = "state: {bucket: acme-states, prefix: quickstart}\n"
SERVED = "maintenance:\n  served_by: {project: acme-platform, fleet: platform, jobs: [upgrade]}\n"
OPERATIONS = ("nbp-quickstart-quickstart-operations", "records")
BESIDE_STATE = ("acme-states", "quickstart/records")


class OnGoogle(App):
    """A fleet whose target is Google, at the sandbox's address."""

    def google_target(self):
        return self.target("sandbox")


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("where", [OPERATIONS, BESIDE_STATE])
@pytest.mark.parametrize("more", ["", SERVED])
def test_maintenance_comes_and_goes_around_an_open_record(
    connection, home, tmp_path, monkeypatch, *, where, more
):
    monkeypatch.setenv("NBP_HOME", str(home))
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    file = tmp_path / "fleet.yaml"
    file.write_text(QUICKSTART.read_text("utf-8") + STATE + more, "utf-8")
    app = OnGoogle(Settings(fleet=str(file), target="google"), "apply")
    require_none_open(app)  # neither bucket is there

    bucket, folder = where
    control.ask("POST", "storage/v1/b?project=nbp-quickstart", {"name": bucket})
    record = Record(
        kind=UPGRADE_KIND,
        run="dead",
        project="nbp-quickstart",
        zone="europe-west1-b",
        notebook="ana-research",
        started=datetime.now(UTC),
        before={},
        wanted={},
    )
    BucketRecords(app.google_target(), bucket, folder).open(record)
    with pytest.raises(RecordOpen) as refused:
        require_none_open(app)
    moved = (where is OPERATIONS) != bool(more)
    assert ("the fleet file as it was" in refused.value.hint) == moved
    require_none_open(app, {("europe-west1-b", "ben-research")})
