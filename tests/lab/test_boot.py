"""What a boot runs, and when: the flag, the behaviours, the two disks, what is told outside."""

import pytest

from notebook_provisioner.sandbox.lab.facts import STATUS_DONE, ImageKind

pytestmark = pytest.mark.lab

URL = "gs://nbp-scripts/ana research/ünïcode.sh"
C2D = {
    "/opt/c2d/scripts/00-first.sh": b"#!/bin/bash\necho first\n",
    "/opt/c2d/scripts/readme": b"no program\n",
}
PUT = "curl --silent --fail --request PUT --header 'Metadata-Flavor: Google'"
GUEST = "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes"


def says(word):
    return {URL: f"#!/bin/bash\necho {word}\n".encode()}


def outputs(report, stage="post-startup-script"):
    return [ran.output.strip() for ran in report.of_stage(stage)]


def test_c2d_runs_once_and_says_how_to_have_it_run_again(new_machine):
    machine = new_machine(image_files=C2D)
    first, second = machine.boot({}), machine.boot({})
    assert [(ran.name, ran.exit_status, ran.output) for ran in first.of_stage("c2d")] == [
        ("00-first.sh", 0, "first\n")
    ]
    assert first.guest_attributes["notebooks/system_status"] == "GOOGLE_C2D_COMPLETED"
    assert second.of_stage("c2d") == ()
    assert "Google C2D startup config has already run. This is expected on reboots." in second.serial
    assert "To run startup scripts again, delete /root/google_vm_config.lock" in second.serial


@pytest.mark.parametrize(
    ("kind", "lock"),
    [
        (ImageKind.WORKBENCH, "/root/google_vm_config.lock"),
        (ImageKind.USER_MANAGED, "/root/google_vm_config.lock"),
    ],
)
def test_a_deleted_flag_runs_c2d_again(new_machine, kind, lock):
    machine = new_machine(kind, image_files=C2D)
    assert len(machine.boot({}, commands=[["rm", lock]]).of_stage("c2d")) == 1
    assert len(machine.boot({}).of_stage("c2d")) == 1
    assert machine.boot({}).of_stage("c2d") == ()


def test_the_upstream_path_is_honoured_and_upstream_disables_its_unit(new_machine):
    machine = new_machine(ImageKind.UPSTREAM, image_files=C2D)
    unit = "/etc/systemd/system/multi-user.target.wants/google-c2d-startup.service"
    first = machine.boot({}, commands=[["stat", "/var/lock/google_vm_config.lock"], ["stat", unit]])
    assert [ran.exit_status for ran in first.of_stage("command")] == [0, 1]
    assert len(first.of_stage("c2d")) == 1
    assert machine.boot({}).of_stage("c2d") == ()


def test_the_metadata_switch_keeps_c2d_from_running(new_machine):
    report = new_machine(image_files=C2D).boot({"google-c2d-startup-enable": "0"})
    assert report.of_stage("c2d") == ()


@pytest.mark.parametrize(
    ("behavior", "heard"),
    [
        ({}, [["one"], [], []]),
        ({"post-startup-script-behavior": "run_once"}, [["one"], [], []]),
        ({"post-startup-script-behavior": "run_every_start"}, [["one"], ["one"], ["one"]]),
        ({"post-startup-script-behavior": "download_and_run_every_start"}, [["one"], ["two"], ["three"]]),
        ({"post-startup-script-behavior": "now_and_then"}, [[], [], []]),
    ],
)
def test_each_behaviour_over_three_boots(new_machine, behavior, heard):
    machine = new_machine()
    attributes = {"post-startup-script": URL, **behavior}
    boots = [machine.boot(attributes, objects=says(word)) for word in ("one", "two", "three")]
    assert [outputs(report) for report in boots] == heard


def test_a_user_managed_image_runs_the_script_once_a_flag(new_machine):
    machine = new_machine(ImageKind.USER_MANAGED)
    attributes = {"post-startup-script": URL, "post-startup-script-behavior": "run_every_start"}
    first = machine.boot(attributes, objects=says("one"))
    second = machine.boot(attributes, objects=says("two"), commands=[["rm", "/root/google_vm_config.lock"]])
    third = machine.boot(attributes, objects=says("three"))
    assert [outputs(report) for report in (first, second, third)] == [["one"], [], ["three"]]


@pytest.mark.parametrize("kind", [ImageKind.WORKBENCH, ImageKind.USER_MANAGED])
def test_done_is_not_success(new_machine, kind):
    body = f"#!/bin/bash\n{PUT} --data ERROR {GUEST}/notebook-provisioner/status\nexit 7\n".encode()
    report = new_machine(kind).boot({"post-startup-script": URL}, objects={URL: body})
    assert [ran.exit_status for ran in report.of_stage("post-startup-script")] == [7]
    assert report.guest_attributes[STATUS_DONE] == "DONE"
    assert report.guest_attributes["notebook-provisioner/status"] == "ERROR"
    assert "post-startup-script exit status 7" in report.serial


def test_a_script_that_is_not_there_is_told_and_still_done(new_machine):
    report = new_machine().boot({"post-startup-script": URL})
    assert report.of_stage("post-startup-script") == ()
    assert f"post-startup-script {URL} cannot be downloaded" in report.serial
    assert report.guest_attributes[STATUS_DONE] == "DONE"


def test_a_startup_script_runs_at_every_boot_after_c2d_and_before_the_post_startup_script(new_machine):
    machine = new_machine(image_files=C2D)
    attributes = {"startup-script": "#!/bin/bash\necho up\n", "post-startup-script": URL}
    first, second = (machine.boot(attributes, objects=says("post")) for _ in range(2))
    assert [ran.stage for ran in first.ran] == ["c2d", "startup-script", "post-startup-script"]
    assert [ran.stage for ran in second.ran] == ["startup-script"]


def test_an_upgrade_keeps_the_home_and_nothing_else(new_machine):
    machine = new_machine()
    mark = ["bash", "-c", "touch /home/jupyter/kept /root/lost /usr/bin/lost /usr/local/bin/lost"]
    look = ["bash", "-c", "ls /home/jupyter/kept /root/lost /usr/bin/lost /usr/local/bin/lost 2>/dev/null"]
    attributes = {"post-startup-script": URL}
    machine.boot(attributes, objects=says("one"), commands=[mark])
    (kept,) = outputs(machine.boot(attributes, objects=says("two"), commands=[look]), "command")
    machine.replace_boot_disk()
    upgraded = machine.boot(attributes, objects=says("three"), commands=[look])
    assert kept.split() == ["/home/jupyter/kept", "/root/lost", "/usr/bin/lost", "/usr/local/bin/lost"]
    assert outputs(upgraded, "command") == ["/home/jupyter/kept"]
    assert outputs(upgraded) == ["three"]  # run_once means once a boot disk


def test_two_machines_share_nothing(new_machine):
    one, other = new_machine(), new_machine()
    mark = f"touch /home/jupyter/a /root/a /usr/bin/a /tmp/a; {PUT} --data 1 {GUEST}/a/a"
    one.boot({}, commands=[["bash", "-c", mark]])
    look = ["bash", "-c", "ls /home/jupyter/a /root/a /usr/bin/a /tmp/a 2>/dev/null"]
    report = other.boot({}, commands=[look])
    assert outputs(report, "command") == [""]
    assert "a/a" not in report.guest_attributes


def test_the_home_is_a_mount_of_its_own_that_belongs_to_the_account(run_script):
    report = run_script(
        "findmnt --mountpoint /home/jupyter >/dev/null && runuser -u jupyter touch /home/jupyter/x"
    )
    assert report.of_stage("post-startup-script")[0].exit_status == 0


@pytest.mark.parametrize(
    ("disabled", "groups"), [(False, "jupyter adm docker google-sudoers"), (True, "jupyter")]
)
def test_root_by_group_is_there_to_be_taken_away(new_machine, disabled, groups):
    machine = new_machine(is_root_disabled=disabled)
    report = machine.boot({}, commands=[["id", "--name", "--groups", "jupyter"]])
    assert outputs(report, "command") == [groups]


def test_writes_are_reported_in_order_and_with_their_history(run_script):
    report = run_script(
        f"for state in STARTED RUNNING COMPLETE; do {PUT} --data $state {GUEST}/nbp/status; done"
    )
    assert [value for key, value in report.guest_attribute_writes if key == "nbp/status"] == [
        "STARTED",
        "RUNNING",
        "COMPLETE",
    ]


def test_the_serial_console_takes_what_the_script_writes_to_it(run_script):
    report = run_script("printf 'one\\r\\n' >/dev/ttyS0; printf 'two\\r\\n' >/dev/ttyS0")
    assert "\none\ntwo\n" in report.serial


def test_a_script_that_never_ends_is_cut_off_with_what_it_said(run_script):
    report = run_script("echo begun; sleep 1000", time_limit_seconds=4)
    (ran,) = report.of_stage("post-startup-script")
    assert (report.timed_out, ran.exit_status, ran.output) == (True, None, "begun\n")
    assert report.seconds < 100
