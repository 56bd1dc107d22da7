"""Guardrails for virtual machines beside the notebooks, and for templates of them."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, stays
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

MACHINES: Final = (
    "google_compute_instance",
    "google_compute_instance_from_machine_image",
    "google_compute_instance_from_template",
    "google_compute_instance_template",
    "google_compute_region_instance_template",
)


def _public_ip(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    interfaces = change.planned("network_interface")
    named = [
        change.planned("network_interface", index, block)
        for index in range(len(listed(interfaces)))
        for block in ("access_config", "ipv6_access_config")
    ]
    if interfaces is UNKNOWN or any(named):
        what = "may have" if UNKNOWN in (interfaces, *named) else "would have"
        yield finding(
            "public-ip", change, f"the VM {what} an external IP address", "leave access_config out of it"
        )


def _ip_forwarding(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change) and change.planned("can_ip_forward") not in {None, False}:
        yield finding(
            "ip-forwarding", change, "the VM would forward packets", "leave can_ip_forward out of it"
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = dict.fromkeys(MACHINES, (_public_ip, _ip_forwarding))
