"""Access Context Manager: policies, access levels, service perimeters."""

from typing import Any, Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object


class AccessPolicy(Handler):
    """Policies: the API numbers them."""

    def _identified(self, planned: Object, answer: Json) -> Object:
        name = str(answer.get("response", answer)["name"]).removeprefix("accessPolicies/")
        return planned | {"name": name, "id": name}

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["name"] = str(api["name"]).removeprefix("accessPolicies/")
        return state


class InPolicy(Handler):
    """Levels and perimeters: ``parent`` is a part of the name and not of the body."""

    def import_state(self, identity: str) -> Object | None:
        """Named by their whole path."""
        found = super().import_state(identity)
        return found if found is None else found | {"parent": "/".join(identity.split("/")[:2])}


class PerimeterResource(Handler):
    """A project in a perimeter: an element of the perimeter's enforced or planned list."""

    _member = "status"

    def _perimeter(self, state: Object) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.client.get(self._item_url(state))
        return found

    def _write(self, state: Object, *, present: bool) -> None:
        with self.client.lock(f"perimeter/{state['perimeter_name']}"):
            perimeter = self._perimeter(state) or {}
            resources = perimeter.get(self._member, {}).get("resources", [])
            others = [one for one in resources if one != state["resource"]]
            wanted = [*others, state["resource"]] if present else others
            url = self._item_url(state, updateMask=f"{self._member}.resources")
            body = {self._member: {"resources": wanted}}
            if "etag" in perimeter:
                body["etag"] = perimeter["etag"]
            self.client.wait(self.row.service, self.client.send("PATCH", url, body))

    def _insert(self, planned: Object) -> Json:
        self._write(planned, present=True)
        return {}

    def _fetch(self, state: Object) -> Json:
        perimeter = self._perimeter(state) or {}
        if state["resource"] not in perimeter.get(self._member, {}).get("resources", []):
            return None
        return {"etag": perimeter.get("etag"), "resource": state["resource"]}

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["access_policy_id"] = "/".join(str(known["perimeter_name"]).split("/")[:2])
        return state

    def _remove(self, prior: Object) -> None:
        self._write(prior, present=False)


DEFINITIONS: Final = {
    "google_access_context_manager_access_policy": Definition(
        Row(
            service="accesscontextmanager",
            plan_defaults=(),
            collection="accessPolicies",
            identity="{name}",
            update="MASK",
            fields={"name": None},
        ),
        AccessPolicy,
    ),
    "google_access_context_manager_access_level": Definition(
        Row(
            service="accesscontextmanager",
            plan_defaults=(),
            collection="{parent}/accessLevels",
            item="{name}",
            update="MASK",
            fields={
                "parent": None,
                "basic.conditions.device_policy.require_screen_lock": "requireScreenlock",
            },
        ),
        InPolicy,
    ),
    "google_access_context_manager_service_perimeter": Definition(
        Row(
            service="accesscontextmanager",
            plan_defaults=(),
            collection="{parent}/servicePerimeters",
            item="{name}",
            update="MASK",
            fields={"parent": None},
        ),
        InPolicy,
    ),
    "google_access_context_manager_service_perimeter_resource": Definition(
        Row(
            service="accesscontextmanager",
            plan_defaults=(),
            collection="{perimeter_name}",
            item="{perimeter_name}",
            identity="{perimeter_name}/{resource}",
            update=None,
            fields={"perimeter_name": None, "access_policy_id": None},
        ),
        PerimeterResource,
    ),
}
