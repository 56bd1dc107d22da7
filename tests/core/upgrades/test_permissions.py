"""What a run asks to be allowed, and what the job's role has."""

import json
from pathlib import Path

from notebook_provisioner.core.upgrades.preflight import PERMISSIONS

JOBS = Path(__file__).parents[3] / "terraform" / "modules" / "maintenance" / "jobs.json"


def test_the_job_has_what_a_run_needs():
    [job] = [item for item in json.loads(JOBS.read_text()) if item["name"] == "upgrade"]
    assert set(PERMISSIONS) <= {item["permission"] for item in job["permissions"]}
