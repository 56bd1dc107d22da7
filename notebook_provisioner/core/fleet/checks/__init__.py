"""Rules across the values of a fleet file, one module a subject."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks import (
    credentials,
    egress,
    encryption,
    exemptions,
    hardware,
    limits,
    maintenance,
    network,
    notebooks,
    omissions,
    perimeter,
    places,
)
from notebook_provisioner.core.fleet.checks.context import Context

__all__ = ["Context", "run"]


class _Rule(NamedTuple):
    """A check and what it needs: sections as written, and lists with no entry taken out."""

    check: Callable[[Context], Iterator[Finding]]
    sections: frozenset[str] = frozenset()
    complete: frozenset[str] = frozenset()


def _rule(check: Callable[[Context], Iterator[Finding]], sections: str = "", complete: str = "") -> _Rule:
    return _Rule(check, frozenset(sections.split()), frozenset(complete.split()))


_RULES: Final = (
    _rule(places.known_region, "region"),
    _rule(places.zones_in_region, "region zones"),
    _rule(places.notebook_zones, "zones"),
    _rule(places.state_for_google, "target state"),
    _rule(network.subnet_range, "network"),
    _rule(network.subnet_size, "network", complete="notebooks"),
    _rule(network.container_bridge, "network profiles"),
    _rule(egress.owner, "network"),
    _rule(egress.allow_list, "network"),
    _rule(egress.secure_web_proxy, "network region"),
    _rule(egress.proxy_variables, "network"),
    _rule(perimeter.access_policy, "perimeter"),
    _rule(perimeter.shared_network, "perimeter network project"),
    _rule(perimeter.access_levels, "perimeter"),
    _rule(perimeter.rules, "perimeter"),
    _rule(perimeter.virtual_ip, "perimeter network"),
    _rule(omissions.no_perimeter, "target perimeter"),
    _rule(omissions.no_audit_logs, "target observability"),
    _rule(omissions.google_keys, "target encryption"),
    _rule(omissions.cost_labels, "target labels defaults", complete="notebooks"),
    _rule(encryption.key_in_region, "encryption region"),
    _rule(limits.service_accounts, "target profiles defaults notebooks", complete="notebooks"),
    _rule(maintenance.some_job, "maintenance"),
    _rule(maintenance.serving, "maintenance project name perimeter"),
    _rule(maintenance.served, "maintenance project name perimeter"),
    _rule(maintenance.silence, "maintenance"),
    _rule(maintenance.budget_is_heard, "observability"),
    _rule(maintenance.watched, "maintenance observability"),
    _rule(notebooks.distinct_names),
    _rule(notebooks.known_profiles, "profiles defaults"),
    _rule(notebooks.used_profiles, "profiles defaults notebooks", complete="notebooks"),
    _rule(notebooks.known_canaries, "rollout", complete="notebooks"),
    _rule(notebooks.labels),
    _rule(notebooks.label_count, "labels defaults"),
    _rule(notebooks.metadata),
    _rule(notebooks.packages),
    _rule(notebooks.environment),
    _rule(credentials.managed_euc, "profiles defaults"),
    _rule(exemptions.expiry),
    _rule(exemptions.repeated),
    _rule(exemptions.idle_timeout, "defaults"),
    _rule(hardware.gpus),
    _rule(hardware.confidential_compute),
    _rule(hardware.images),
    _rule(hardware.boot_disks),
    _rule(hardware.secure_boot_with_gpus, "defaults"),
)


def run(context: Context) -> Iterator[Finding]:
    """Every finding of every rule that the intact part of the file allows to be held."""
    for rule in _RULES:
        missing = context.replaced | (context.partial & rule.complete)
        if not missing & (rule.sections | rule.complete):
            yield from rule.check(context)
