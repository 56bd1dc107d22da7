"""What decides about egress beside VPC firewall rules: network firewall policies and Secure Web Proxy."""

from typing import Any, Final

from notebook_provisioner.sandbox.provider.errors import ApiError
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_POLICIES: Final = "projects/{project}/global/firewallPolicies"
_POLICY: Final = f"{_POLICIES}/{{firewall_policy}}"
_LOCATED: Final = "projects/{project}/locations/{location}"
_NOT_FOUND: Final = (400, 404)  # Compute answers 400 for a rule that a policy does not have


class PolicyPart(Handler):
    """A rule or an association of a firewall policy: it has methods of the policy, and no path of its own."""

    part = ""
    by = ""

    def _method(self, verb: str, state: Object) -> str:
        query = {self.by: str(state[self.by])} if verb != "add" else {}
        return self._url(f"{_POLICY}/{verb}{self.part}", state, **query)

    def _insert(self, planned: Object) -> Json:
        return self.client.send("POST", self._method("add", planned), self._body(planned))

    def _fetch(self, state: Object) -> Json:
        try:
            return self.client.send("GET", self._method("get", state))
        except ApiError as error:
            if error.status in _NOT_FOUND:
                return None
            raise

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        answer = self.client.send("POST", self._method("patch", planned), self._body(planned))
        self.client.wait(self.row.service, answer)

    def _remove(self, prior: Object) -> None:
        self.client.wait(self.row.service, self.client.send("POST", self._method("remove", prior)))


class PolicyRule(PolicyPart):
    """Rules are told apart by their priority."""

    part = "Rule"
    by = "priority"


class PolicyAssociation(PolicyPart):
    """Associations are told apart by their name."""

    part = "Association"
    by = "name"


class Located(Handler):
    """Resources that the API names by their whole path, and Terraform by its last part."""

    def _body(self, state: Object) -> dict[str, Any]:
        return super()._body(state) | {"name": self._path(self.row.item_template, state)}

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        url = self._item_url(planned, updateMask=",".join(changed))
        self.client.wait(self.row.service, self.client.send("PATCH", url, self._body(planned)))


class Gateway(Located):
    """Gateways: the router that Google makes beside the first one may have to go with the last."""

    def _remove(self, prior: Object) -> None:
        super()._remove(prior)
        if not prior.get("delete_swg_autogen_router_on_destroy"):
            return
        gateways = self.client.send("GET", self._url(self.row.collection, prior)).get("gateways", [])
        if any(gateway.get("network") == prior.get("network") for gateway in gateways):
            return
        network = self.client.send("GET", self.client.url("compute", str(prior["network"])))
        router = f"projects/{{project}}/regions/{{location}}/routers/swg-autogen-router-{network['id']}"
        try:
            answer = self.client.send("DELETE", self.client.url("compute", self._path(router, prior)))
        except ApiError as error:
            if not error.not_found:
                raise
        else:
            self.client.wait("compute", answer)


DEFINITIONS: Final = {
    "google_compute_network_firewall_policy": Definition(
        Row(
            service="compute",
            collection=_POLICIES,
            fields={"network_firewall_policy_id": "id"},
        ),
    ),
    "google_compute_network_firewall_policy_rule": Definition(
        Row(
            service="compute",
            collection=f"{_POLICY}/rules",
            item=f"{_POLICY}/rules/{{priority}}",
            fields={"firewall_policy": None},
        ),
        PolicyRule,
    ),
    "google_compute_network_firewall_policy_association": Definition(
        Row(
            service="compute",
            collection=f"{_POLICY}/associations",
            update=None,
            fields={"firewall_policy": None},
        ),
        PolicyAssociation,
    ),
    "google_network_security_gateway_security_policy": Definition(
        Row(
            service="networksecurity",
            collection=f"{_LOCATED}/gatewaySecurityPolicies",
            create_query="gatewaySecurityPolicyId={name}",
            update="MASK",
            fields={"name": None, "location": None},
        ),
        Located,
    ),
    "google_network_security_gateway_security_policy_rule": Definition(
        Row(
            service="networksecurity",
            collection=f"{_LOCATED}/gatewaySecurityPolicies/{{gateway_security_policy}}/rules",
            create_query="gatewaySecurityPolicyRuleId={name}",
            update="MASK",
            fields={"name": None, "location": None, "gateway_security_policy": None},
        ),
        Located,
    ),
    "google_network_security_url_lists": Definition(
        Row(
            service="networksecurity",
            collection=f"{_LOCATED}/urlLists",
            create_query="urlListId={name}",
            update="MASK",
            fields={"name": None, "location": None},
        ),
        Located,
    ),
    "google_network_services_gateway": Definition(
        Row(
            service="networkservices",
            collection=f"{_LOCATED}/gateways",
            create_query="gatewayId={name}",
            update="MASK",
            fields={"name": None, "location": None, "delete_swg_autogen_router_on_destroy": None},
        ),
        Gateway,
    ),
}
