"""What one project takes."""

from collections.abc import Iterator

from notebook_provisioner.catalog import limits
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context


def service_accounts(context: Context) -> Iterator[Finding]:
    """Google lets the project have an account for each notebook, and grant it what it needs."""
    if context.fleet.target != "google":
        return
    count = sum(not resolved.managed_euc for _, _, resolved in context.resolved)
    most = limits.PRINCIPALS // limits.GRANTS
    if count > most:
        yield context.error(
            "too-many-notebooks",
            ("notebooks",),
            f"a project's allow policy has room for the grants of {most} notebooks; there are {count}",
            "divide them between fleets, each with a project of its own",
            key=True,
        )
    elif count > limits.SERVICE_ACCOUNTS:
        yield context.warning(
            "service-account-quota",
            ("notebooks",),
            f"{count} notebooks need as many service accounts; a project has "
            f"{limits.SERVICE_ACCOUNTS} unless Google raised its quota",
            f"ask for a higher quota before you apply; the project's allow policy takes {most} notebooks at "
            "most, and by Google's word perhaps fewer, since each has a condition in it",
            key=True,
        )
