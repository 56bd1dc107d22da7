"""Cloud Billing: budgets."""

from typing import Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object


class Budget(Handler):
    """Budgets: named by the server with their whole path, of which the state holds the last part."""

    def _identified(self, planned: Object, answer: Json) -> Object:
        name = str(answer["name"]).rpartition("/")[2]
        return super()._identified(planned | {"name": name}, answer)

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["name"] = str(api["name"]).rpartition("/")[2]
        return state


DEFINITIONS: Final = {
    "google_billing_budget": Definition(
        Row(
            service="billingbudgets",
            collection="billingAccounts/{billing_account}/budgets",
            update="MASK",
            plan_defaults=("deletion_policy",),
            fields={"billing_account": None, "all_updates_rule": "notificationsRule"},
        ),
        Budget,
    ),
}
