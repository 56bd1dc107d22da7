"""The lease in Cloud Storage, against the sandbox."""

import pytest
from snapshot_documents import Control

from notebook_provisioner.adapters.google import lease as module
from notebook_provisioner.adapters.google.lease import BucketLease, LeaseLost
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.lock import LeaseHeld
from notebook_provisioner.core.errors import NotFound, ProvisionerError

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
    return control


@pytest.fixture
def lease(connection, control):
    del control
    target = Target(url=connection.url, token=connection.token)
    return lambda part="": BucketLease(target, "leases-of-one", "jobs/prune", part)


def test_one_holder_at_a_time(lease):
    words = "another run holds gs://leases-of-one/jobs/prune"
    with lease(), pytest.raises(LeaseHeld, match=words), lease():
        pass
    with lease():
        pass


def test_a_dead_runs_lease_is_taken_over_when_its_time_is_over(lease, control, monkeypatch):
    dead = lease()
    dead.__enter__()
    control.ask("POST", "sandbox/v1/settings", {"advance": 590})
    with pytest.raises(LeaseHeld), lease():
        pass
    control.ask("POST", "sandbox/v1/settings", {"advance": 20})
    monkeypatch.setattr(module, "_RENEW_AFTER", module.DURATION * 0)
    with lease() as alive:
        with pytest.raises(LeaseLost, match="took over"):
            dead.renew()
        dead.__exit__(None, None, None)  # must not give back what is no longer its own
        alive.renew()
        with pytest.raises(LeaseHeld), lease():
            pass


def test_a_renewed_lease_lives_on(lease, control, monkeypatch):
    monkeypatch.setattr(module, "_RENEW_AFTER", module.DURATION * 0)
    with lease() as held:
        control.ask("POST", "sandbox/v1/settings", {"advance": 590})
        held.renew()
        control.ask("POST", "sandbox/v1/settings", {"advance": 590})
        with pytest.raises(LeaseHeld), lease():
            pass


def test_a_lost_answer_does_not_lock_the_run_out(lease, control):
    control.fault(method="storage.objects.insert", kind="drop-after", count=1)
    with lease():
        pass


def test_a_bucket_that_is_not_there_is_said(connection):
    target = Target(url=connection.url, token=connection.token)
    with pytest.raises(NotFound, match="no bucket nowhere"), BucketLease(target, "nowhere", "x"):
        pass


@pytest.mark.parametrize(("first", "second"), [("", "-1-of-2"), ("-1-of-2", ""), ("-1-of-2", "-2-of-3")])
def test_the_whole_fleet_and_its_parts_keep_each_other_out(lease, first, second):
    words = f"another run holds gs://leases-of-one/jobs/prune{first}$"
    with lease(first), pytest.raises(LeaseHeld, match=words), lease(second):
        pass
    with lease(second):  # the refused run left nothing behind, and the first gave its lease back
        pass


def test_parts_of_one_number_run_side_by_side(lease):
    with lease("-1-of-2"), lease("-2-of-2"):
        pass


def test_a_dead_parts_lease_keeps_the_whole_fleet_out_for_its_time(lease, control):
    lease("-1-of-2").__enter__()
    control.ask("POST", "sandbox/v1/settings", {"advance": 590})
    with pytest.raises(LeaseHeld), lease():
        pass
    control.ask("POST", "sandbox/v1/settings", {"advance": 20})
    with lease():
        pass


def test_a_run_that_was_held_up_gives_way_to_one_over_other_parts(lease, control):
    with lease() as slow:
        control.ask("POST", "sandbox/v1/settings", {"advance": 610})
        with lease("-1-of-2") as quick:
            with pytest.raises(LeaseLost):
                slow.renew(at_once=True)
            quick.renew(at_once=True)


def test_a_run_that_was_held_up_alone_goes_on(lease, control):
    with lease() as slow:
        control.ask("POST", "sandbox/v1/settings", {"advance": 610})
        slow.renew(at_once=True)


def test_a_lease_is_given_back_where_the_others_cannot_be_listed(lease, control):
    control.fault(method="storage.objects.list", kind="status", status=403, reason="forbidden", count=1)
    with pytest.raises(ProvisionerError), lease("-1-of-2"):
        pass
    with lease("-1-of-2"):
        pass
