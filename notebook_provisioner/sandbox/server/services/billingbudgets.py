"""Cloud Billing budgets: kept, never counted against."""

import uuid
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="billingbudgets",
    version="v1",
    proto_package="google.cloud.billing.budgets.v1",
    schema_prefix="GoogleCloudBillingBudgetsV1",
    not_emulated=("costs: nothing is counted, nobody is told", "billing accounts: any id is taken for one"),
)

_LONGEST_NAME = 60  # characters; Budget.displayName in the discovery document
_MOST_CHANNELS = 5  # NotificationsRule.monitoringNotificationChannels in the discovery document


def _check(call: "Call", _: Document, budget: Document) -> None:
    del call
    amount = budget.get("amount", {})
    if ("specifiedAmount" in amount) == ("lastPeriodAmount" in amount):
        raise invalid("A budget's amount is either specifiedAmount or lastPeriodAmount.")
    if len(budget.get("displayName", "")) > _LONGEST_NAME:
        raise invalid(f"displayName is longer than {_LONGEST_NAME} characters.")
    channels = budget.get("notificationsRule", {}).get("monitoringNotificationChannels", [])
    if len(channels) > _MOST_CHANNELS:
        raise invalid(f"A budget notifies at most {_MOST_CHANNELS} channels.")


def _complete(call: "Call", budget: Document) -> None:
    _check(call, budget, budget)
    # The two defaults that hashicorp/google reads back (unverified: no answer of Google's was seen).
    budget.setdefault("budgetFilter", {}).setdefault("creditTypesTreatment", "INCLUDE_ALL_CREDITS")
    for rule in budget.get("thresholdRules", []):
        rule.setdefault("spendBasis", "CURRENT_SPEND")


SERVICE.add(
    Resource(
        collection="billingAccounts.budgets",
        identifier=lambda *_: str(uuid.uuid4()),
        on_create=_complete,
        on_update=_check,
    )
)
