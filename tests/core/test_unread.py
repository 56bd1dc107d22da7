"""An imported notebook's state, completed from the plan that would have made the notebook."""

from plan_documents import change, document

from notebook_provisioner.core import unread
from notebook_provisioner.core.terraform_plan import read

NOTEBOOK = "google_workbench_instance"
ADDRESS = 'module.notebook["ana"].google_workbench_instance.this'
PLANNED = {
    "name": "ana",
    "instance_owners": ["ana@example.com"],
    "gce_setup": [
        {
            "machine_type": "e2-standard-4",
            "vm_image": [{"project": "cloud-notebooks-managed", "family": "workbench-instances"}],
            "boot_disk": [{"disk_type": "PD_BALANCED", "disk_size_gb": "150"}],
            "data_disks": [{"disk_type": "PD_SSD"}],
        }
    ],
}


def imported(**attributes):
    setup = {"vm_image": [], "boot_disk": [{"disk_type": "", "disk_size_gb": "200"}], "data_disks": []}
    return {
        "version": 4,
        "serial": 7,
        "lineage": "one",
        "resources": [
            {
                "module": 'module.notebook["ana"]',
                "mode": "managed",
                "type": NOTEBOOK,
                "name": "this",
                "instances": [
                    {"attributes": {"instance_owners": None, "gce_setup": [setup], **attributes}},
                    {"index_key": 0, "attributes": {"instance_owners": None}},
                    {"index_key": "x", "attributes": {"instance_owners": None}},
                ],
            }
        ],
    }


def completed(state, address=ADDRESS):
    plan = read(document(change(NOTEBOOK, ["create"], after=PLANNED, address=address)))
    return unread.complete(state, unread.creations([address], plan.changes))


def attributes(state, instance=0):
    return state["resources"][0]["instances"][instance]["attributes"]


def test_what_was_left_empty_is_filled_in():
    state = completed(imported())
    (setup,) = attributes(state)["gce_setup"]
    assert attributes(state)["instance_owners"] == ["ana@example.com"]
    assert setup["vm_image"] == PLANNED["gce_setup"][0]["vm_image"]
    assert setup["boot_disk"] == [{"disk_type": "PD_BALANCED", "disk_size_gb": "200"}]
    assert setup["data_disks"] == [], "a disk that is not there gets no type"
    assert "machine_type" not in setup, "that is read"
    assert (state["serial"], state["lineage"]) == (8, "one")


def test_what_was_read_stays():
    state = completed(imported(instance_owners=["ben@example.com"]))
    assert attributes(state)["instance_owners"] == ["ben@example.com"]


def test_the_state_that_came_is_left_alone():
    state = imported()
    completed(state)
    assert state == imported()


def test_an_instance_is_found_by_its_key():
    for index, suffix in enumerate(("", "[0]", '["x"]')):
        state = completed(imported(), address=ADDRESS + suffix)
        owners = [attributes(state, one)["instance_owners"] for one in range(3)]
        assert [one for one, found in enumerate(owners) if found] == [index]


def test_other_types_are_read_whole():
    network = change("google_compute_network", ["create"], after={"project": "p-one", "name": "n"})
    assert unread.creations([network["address"]], read(document(network)).changes) == ()


def imported_change(owners, actions=("update",), **extra):
    setup = {"vm_image": [], "boot_disk": [{"disk_type": "", "disk_size_gb": "200"}], "data_disks": []}
    values = {"name": "ana", "instance_owners": owners, "gce_setup": [setup]}
    return change(NOTEBOOK, list(actions), before=values, after=values, address=ADDRESS, **extra)


def test_an_import_is_planned_as_it_will_be_completed():
    creations = read(document(change(NOTEBOOK, ["create"], after=PLANNED, address=ADDRESS))).changes
    plan = document(imported_change([], importing={"id": "x"}))
    (found,) = read(unread.believed(plan, creations)).changes
    for values in (found.before, found.after):
        assert values["instance_owners"] == ["ana@example.com"]
        assert values["gce_setup"][0]["vm_image"] == PLANNED["gce_setup"][0]["vm_image"]
        assert values["gce_setup"][0]["boot_disk"] == [{"disk_type": "PD_BALANCED", "disk_size_gb": "200"}]
    (before,) = read(plan).changes
    assert before.after["instance_owners"] == [], "the plan that came is left alone"

    read_one = document(imported_change(["ben@example.com"], importing={"id": "x"}))
    assert read(unread.believed(read_one, creations)).changes[0].after["instance_owners"] == [
        "ben@example.com"
    ]
    later = document(imported_change([]))
    assert unread.believed(later, creations) == later, "what is in the state is planned as it is there"
