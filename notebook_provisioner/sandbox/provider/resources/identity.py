"""IAM and projects: service accounts, custom roles, enabled services."""

from typing import Final

from notebook_provisioner.sandbox.provider.errors import ApiError, Failed
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.planning import Planned
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object


class ServiceAccount(Handler):
    """Service accounts: the e-mail address follows from the account's id and the project."""

    def plan(self, prior: Object | None, config: Object) -> Planned:
        """Plan; ``email`` and ``member`` are known as soon as the id and the project are."""
        planned = super().plan(prior, config)
        account, project = planned.state["account_id"], planned.state["project"]
        if prior is None and isinstance(account, str) and isinstance(project, str):
            email = _email(account, project)
            planned.state["email"] = email
            planned.state["member"] = f"serviceAccount:{email}"
        return planned

    def _insert(self, planned: Object) -> Json:
        request = {
            "accountId": planned["account_id"],
            "serviceAccount": {
                key: value
                for key, value in self._body(planned).items()
                if key in {"displayName", "description"}
            },
        }
        try:
            return self.client.send("POST", self._url(self.row.collection, planned), request)
        except ApiError as error:
            if error.exists and planned.get("create_ignore_already_exists"):
                return {}
            raise

    def _identified(self, planned: Object, answer: Json) -> Object:
        email = answer.get("email") or _email(planned["account_id"], self._path("{project}", planned))
        state = planned | {"email": email}
        if planned.get("disabled"):
            self.client.send("POST", self._item_url(state) + ":disable", {})
        return state | {"id": self._identity(state)}

    def import_state(self, identity: str) -> Object | None:
        """Accounts are named by their path or their e-mail address."""
        project = self.client.settings.project or "-"
        path = identity if "/" in identity else f"projects/{project}/serviceAccounts/{identity}"
        return super().import_state(path)

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["account_id"] = str(api["email"]).split("@")[0]
        state["member"] = f"serviceAccount:{api['email']}"
        state["project"] = api.get("projectId", state["project"])
        return state

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        masks = [key for key in changed if key in {"displayName", "description"}]
        body = self._body(planned)
        if masks:
            account = {key: body.get(key, "") for key in masks}
            request = {"serviceAccount": account, "updateMask": ",".join(masks)}
            self.client.send("PATCH", self._item_url(prior), request)
        if "disabled" in changed:
            verb = ":disable" if planned.get("disabled") else ":enable"
            self.client.send("POST", self._item_url(prior) + verb, {})


class CustomRole(Handler):
    """Custom roles: a deleted one is only hidden, and comes back under its old name."""

    def _insert(self, planned: Object) -> Json:
        present = self.client.get(self._item_url(planned))
        if present is None:
            request = {"roleId": planned["role_id"], "role": self._body(planned)}
            return self.client.send("POST", self._url(self.row.collection, planned), request)
        if not present.get("deleted"):
            raise Failed(f"Custom project role {self._identity(planned)} already exists and must be imported")
        self.client.send("POST", self._item_url(planned) + ":undelete", {})
        return self.client.send("PATCH", self._item_url(planned), self._body(planned))

    def _fetch(self, state: Object) -> Json:
        role = super()._fetch(state)
        return None if role is None or role.get("deleted") else role


class ProjectService(Handler):
    """Enabled services of a project."""

    def _fetch(self, state: Object) -> Json:
        service = super()._fetch(state)
        return service if service and service.get("state") == "ENABLED" else None

    def _insert(self, planned: Object) -> Json:
        if self._fetch(planned) is not None:
            return {}
        return self.client.send("POST", self._item_url(planned) + ":enable", {})

    def _remove(self, prior: Object) -> None:
        if not prior.get("disable_on_destroy"):
            return
        request = {"disableDependentServices": bool(prior.get("disable_dependent_services"))}
        answer = self.client.send("POST", self._item_url(prior) + ":disable", request)
        self.client.wait(self.row.service, answer)


def _email(account: str, project: str) -> str:
    """The address; a domain-scoped project such as ``example.com:name`` turns its parts around."""
    domain, _, name = project.rpartition(":")
    host = f"{name}.{domain}" if domain else name
    return f"{account}@{host}.iam.gserviceaccount.com"


_ACCOUNTS: Final = "projects/{project}/serviceAccounts"

DEFINITIONS: Final = {
    "google_service_account": Definition(
        Row(
            service="iam",
            collection=_ACCOUNTS,
            item=_ACCOUNTS + "/{email}",
            fields={"account_id": None, "create_ignore_already_exists": None, "member": None},
        ),
        ServiceAccount,
    ),
    "google_project_iam_custom_role": Definition(
        Row(
            service="iam",
            collection="projects/{project}/roles",
            item="projects/{project}/roles/{role_id}",
            update="MASK",
            fields={"role_id": None, "permissions": "includedPermissions"},
        ),
        CustomRole,
    ),
    "google_project_service": Definition(
        Row(
            service="serviceusage",
            collection="projects/{project}/services",
            item="projects/{project}/services/{service}",
            identity="{project}/{service}",
            update=None,
            fields={"service": None, "disable_on_destroy": None, "disable_dependent_services": None},
        ),
        ProjectService,
    ),
}
