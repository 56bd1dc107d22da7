"""What no plan may do, whatever the fleet file or an edited module says.

Read from the plan's JSON, after Terraform has resolved every variable and before it changes anything. An
unknown value is treated as the bad one: what cannot be seen cannot be vouched for.
"""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

from notebook_provisioner.core.errors import GuardrailRefused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, Change, TerraformPlan

IAP_RANGE: Final = ipaddress.ip_network("35.235.240.0/20")  # Identity-Aware Proxy's TCP forwarding
_PRIVATE_RANGES: Final = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_DEFAULT_ACCOUNT: Final = re.compile(r"(-compute@developer|@appspot)\.gserviceaccount\.com$")
_EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_DISABLING_KEYS: Final = (
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-disable-root",
    "notebook-disable-terminal",
)

Rule = Callable[[Change, ResolvedNotebook | None], Iterator[Finding]]


def check(plan: TerraformPlan, fleet: Fleet) -> tuple[Finding, ...]:
    """Hold a plan to the guardrails.

    Args:
        plan: What Terraform would do.
        fleet: The fleet file, for the exemptions that it grants.

    Returns:
        Every violation, in the plan's order.
    """
    notebooks = {notebook.name: notebook for notebook in fleet.resolved_notebooks}
    found = [
        finding
        for change in plan.changes
        for rule in _RULES.get(change.type, ()) + _COMMON
        for finding in rule(change, notebooks.get(change.name))
    ]
    return (*found, *_shared_accounts(plan))


def require(findings: tuple[Finding, ...]) -> None:
    """Refuse a plan that has violations.

    Raises:
        GuardrailRefused: There is at least one; carries all of them.
    """
    if findings:
        addresses = ", ".join(dict.fromkeys(finding.subject for finding in findings))
        raise GuardrailRefused(
            f"nothing was changed: {len(findings)} guardrail violation(s) in {addresses}",
            hint="each finding above names its way out; guardrails have no override",
            findings=findings,
        )


def _finding(code: str, change: Change, message: str, remedy: str) -> Finding:
    return Finding(code, Severity.ERROR, change.address, message, remedy)


def _stays(change: Change) -> bool:
    return change.action not in {Action.DELETE, Action.FORGET}


def _goes(change: Change) -> bool:
    return change.action in {Action.DELETE, Action.REPLACE}


def _public_ip(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change):
        return
    remedy = "leave disable_public_ip = true, and reach the notebook through the proxy or IAP"
    disabled = change.planned("gce_setup", 0, "disable_public_ip")
    if disabled is not True:
        what = "may have" if disabled is UNKNOWN else "would have"
        yield _finding("public-ip", change, f"the notebook {what} an external IP address", remedy)
    interfaces = change.planned("gce_setup", 0, "network_interfaces")
    for index in range(len(interfaces) if isinstance(interfaces, list) else 0):
        # Unknown is good here: with disable_public_ip the API fills in none.
        asked = change.planned("gce_setup", 0, "network_interfaces", index, "access_configs")
        if isinstance(asked, list) and asked:
            yield _finding("public-ip", change, f"network interface {index} asks for an external IP", remedy)


def _service_account(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change):
        return
    email = change.planned("gce_setup", 0, "service_accounts", 0, "email")
    if email is UNKNOWN:  # made by the same plan, so it is the notebook's own
        return
    if not email:
        problem = "the notebook names no service account, so it would run as the project's default"
    elif _DEFAULT_ACCOUNT.search(email):
        problem = f"the notebook would run as a default service account, {email}"
    else:
        return
    yield _finding(
        "default-service-account", change, problem, "give the notebook a service account of its own"
    )


def _controls(change: Change, notebook: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change) or notebook is None:
        return
    off: list[tuple[str, Any]] = []
    for key in _DISABLING_KEYS:
        value = change.planned("gce_setup", 0, "metadata", key)
        if value != "true" and not notebook.is_exempt(key):
            off.append((key, value))
    timeout = change.planned("gce_setup", 0, "metadata", "idle-timeout-seconds")
    if (timeout is UNKNOWN or not timeout) and not notebook.is_exempt("idle-timeout-seconds"):
        off.append(("idle-timeout-seconds", timeout))
    boot = change.planned("gce_setup", 0, "shielded_instance_config", 0, "enable_secure_boot")
    if boot is not True and not notebook.is_exempt("secure-boot"):
        off.append(("secure-boot", boot))
    for control, value in off:
        shown = "unknown" if value is UNKNOWN else "absent" if value is None else value
        yield _finding(
            "control-off",
            change,
            f"hardening control {control} would be off ({shown}), and the fleet file grants no exemption",
            f"leave it on, or give {notebook.name} an exemption from {control}, with reason and expiry date",
        )


def _protected(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _goes(change):
        return
    if change.before.get("enable_deletion_protection") or change.before.get("deletion_policy") == "PREVENT":
        yield _finding(
            "deletion-protected",
            change,
            f"notebook {change.name} is protected from deletion, and the plan would {change.action.value} it",
            "set deletion_protection: false for it in the fleet file, run nbp apply, then try again",
        )


def _bucket(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change):
        return
    prevention = change.planned("public_access_prevention")
    if prevention != "enforced":
        yield _finding(
            "public-bucket",
            change,
            "public access prevention would not be enforced, so one binding could open it to everybody",
            'set public_access_prevention = "enforced"',
        )
    if change.planned("uniform_bucket_level_access") is not True:
        yield _finding(
            "object-acls",
            change,
            "object ACLs would stay in force beside IAM, where no policy review sees them",
            "set uniform_bucket_level_access = true",
        )


def _firewall(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change) or change.planned("disabled") is True or not change.planned("allow"):
        return
    if change.planned("direction") == "EGRESS":
        ranges = change.planned("destination_ranges")
        if ranges is UNKNOWN or any(_network(text).prefixlen == 0 for text in ranges or ["0.0.0.0/0"]):
            yield _finding(
                "open-egress",
                change,
                "the rule lets notebooks reach every address on the Internet",
                "name the destinations: network.egress in the fleet file has an allow-list",
            )
        return
    ranges = change.planned("source_ranges")
    tagged = change.planned("source_tags") or change.planned("source_service_accounts")
    if ranges is UNKNOWN:
        strangers = ["an unknown range"]
    else:
        # Google reads "no source at all" as "any source".
        texts = ranges or ([] if tagged else ["0.0.0.0/0"])
        strangers = [text for text in texts if not _is_trusted(_network(text))]
    if strangers:
        yield _finding(
            "open-ingress",
            change,
            f"the rule lets {', '.join(strangers)} in",
            f"allow private ranges only, and SSH from Identity-Aware Proxy ({IAP_RANGE})",
        )


def _key_deletion(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if _goes(change) and change.before.get("deletion_policy") != "ABANDON":
        yield _finding(
            "key-deletion",
            change,
            "the key would be destroyed, and with it every disk, snapshot and bucket that it encrypts",
            "leave encryption as it is; a destroy leaves the key behind once no notebook is protected",
        )


def _everybody(change: Change, _: ResolvedNotebook | None) -> Iterator[Finding]:
    if not _stays(change):
        return
    member, members = change.planned("member"), change.planned("members")
    named = {member} if isinstance(member, str) else set(members) if isinstance(members, list) else set()
    for everybody in sorted(named & _EVERYBODY):
        yield _finding("public-member", change, f"the binding would include {everybody}", "name who needs it")


def _shared_accounts(plan: TerraformPlan) -> Iterator[Finding]:
    users: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        if change.type == NOTEBOOK and _stays(change):
            email = change.planned("gce_setup", 0, "service_accounts", 0, "email")
            if isinstance(email, str):
                users[email].append(change)
    for email, changes in users.items():
        for change in changes[1:]:
            yield _finding(
                "shared-service-account",
                change,
                f"the notebook would share {email} with {changes[0].address}",
                "give the notebook a service account of its own: one person's rights must not be another's",
            )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _is_trusted(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return any(
        network.version == trusted.version and network.subnet_of(trusted)  # type: ignore[arg-type]  # one version
        for trusted in (IAP_RANGE, *_PRIVATE_RANGES)
    )


_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    NOTEBOOK: (_public_ip, _service_account, _controls, _protected),
    "google_storage_bucket": (_bucket,),
    "google_compute_firewall": (_firewall,),
    "google_kms_crypto_key": (_key_deletion,),
}
_COMMON: Final[tuple[Rule, ...]] = (_everybody,)
