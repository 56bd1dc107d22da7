"""IAM: members, bindings and audit configurations, each a part of some resource's policy."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from notebook_provisioner.sandbox.provider.errors import ApiError, Failed
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import ImportIdError, Row, parse_identity
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_POLICY_VERSION: Final = 3
_CONFLICT_ATTEMPTS: Final = 6
_PRECONDITION_FAILED: Final = 412

Policy = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOf:
    """Where a kind of resource keeps its policy.

    Attributes:
        service: Google service.
        parent: Path of the resource that has the policy.
        argument: The argument that names it, which may hold the whole path instead of a name.
        read: "GET", or "POST" where reading has a body.
        get, put: What follows the parent's path.
        bare: The policy is the request itself, by PUT, as at Cloud Storage.
    """

    service: str
    parent: str
    argument: str
    read: str = "GET"
    get: str = ":getIamPolicy"
    put: str = ":setIamPolicy"
    bare: bool = False


class _PolicyPart(Handler, ABC):
    """Read, modify, write: one at a time for each policy, and again when somebody else was quicker."""

    where: ClassVar[PolicyOf]

    def create(self, planned: Object) -> Object:
        """Add the part to the policy."""
        state = self._located(self._resolve(planned))
        self._change(state, lambda policy: self._add(policy, state, None))
        argument = self.where.argument
        return self._settled(state | {"id": self._identity(state), argument: planned[argument]})

    def read(self, state: Object) -> Object | None:
        """The part as it is now."""
        located = self._located(state)
        try:
            policy = self._policy(located)
        except ApiError as error:
            if error.not_found:
                return None
            raise
        found = self._find(policy, located)
        return None if found is None else {**state, **found, "etag": policy.get("etag")}

    def update(self, prior: Object, planned: Object) -> Object:
        """Change the part in place."""
        state = self._located(self._resolve(planned))
        self._change(state, lambda policy: self._add(policy, state, prior))
        return self._settled(planned)

    def import_state(self, identity: str) -> Object | None:
        """Parts are named by the parent's path, the role and the member, with spaces between them."""
        parent, *rest = identity.split(" ")
        state = self.block.empty() | parse_identity(self.where.parent, parent, self.client.settings)
        if self.where.argument not in {name for name in state if state[name] is not None}:
            state[self.where.argument] = parent
        state |= self._from_import(rest)
        found = self.read(self._resolve(state))
        return None if found is None else found | {"id": self._identity(self._located(found))}

    def _remove(self, prior: Object) -> None:
        state = self._located(prior)
        self._change(state, lambda policy: self._drop(policy, state))

    def _settled(self, state: Object) -> Object:
        found = self.read(state)
        if found is None:
            raise Failed(f"{self.type_name} {state.get('id')} is not in the policy after it was written")
        return found

    def _located(self, state: Object) -> Object:
        """The state with the parent's path taken apart, where its argument holds the whole path."""
        value = str(state.get(self.where.argument) or "")
        if "/" not in value or self.where.parent == "{" + self.where.argument + "}":
            return state
        try:
            return state | parse_identity(self.where.parent, value, self.client.settings)
        except ImportIdError:
            return state

    def _policy(self, state: Object) -> Policy:
        url = self.client.url(self.where.service, self._path(self.where.parent, state) + self.where.get)
        if self.where.read == "POST":
            answer = self.client.send("POST", url, {"options": {"requestedPolicyVersion": _POLICY_VERSION}})
        else:
            name = (
                "optionsRequestedPolicyVersion"
                if self.where.service in {"compute", "storage"}
                else ("options.requestedPolicyVersion")
            )
            answer = self.client.send("GET", f"{url}?{name}={_POLICY_VERSION}")
        return dict(answer)

    def _change(self, state: Object, edit: Callable[[Policy], None]) -> None:
        parent = self._path(self.where.parent, state)
        url = self.client.url(self.where.service, parent + self.where.put)
        with self.client.lock(f"policy/{self.where.service}/{parent}"):
            for attempt in range(1, _CONFLICT_ATTEMPTS + 1):
                policy = self._policy(state)
                edit(policy)
                policy["version"] = _POLICY_VERSION
                try:
                    if self.where.bare:
                        self.client.send("PUT", url, policy)
                    else:
                        self.client.send("POST", url, self._request(policy))
                except ApiError as error:
                    raced = error.exists or error.status == _PRECONDITION_FAILED
                    if not raced or attempt == _CONFLICT_ATTEMPTS:
                        raise
                else:
                    return

    def _request(self, policy: Policy) -> Json:
        return {"policy": policy}

    # What a part is.

    @abstractmethod
    def _add(self, policy: Policy, state: Object, prior: Object | None) -> None: ...

    @abstractmethod
    def _drop(self, policy: Policy, state: Object) -> None: ...

    @abstractmethod
    def _find(self, policy: Policy, state: Object) -> Object | None: ...

    @abstractmethod
    def _from_import(self, rest: list[str]) -> Object: ...


class Member(_PolicyPart):
    """One member of one role; other members are left alone."""

    def _identity(self, state: Object) -> str:
        parent = self._path(self.where.parent, state)
        if self.where.parent == "projects/{project}":
            parent = parent.removeprefix("projects/")
        parts = [parent, state["role"], state["member"]]
        for condition in state.get("condition") or []:
            parts += [condition.get(key) or "" for key in ("title", "description", "expression")]
        return "/".join(parts)

    def _add(self, policy: Policy, state: Object, prior: Object | None) -> None:
        binding = _binding(policy, state)
        if binding is None:
            binding = _new_binding(state)
            policy.setdefault("bindings", []).append(binding)
        if state["member"] not in binding["members"]:
            binding["members"].append(state["member"])

    def _drop(self, policy: Policy, state: Object) -> None:
        binding = _binding(policy, state)
        if binding is not None:
            binding["members"] = [member for member in binding["members"] if member != state["member"]]
            policy["bindings"] = [one for one in policy["bindings"] if one["members"]]

    def _find(self, policy: Policy, state: Object) -> Object | None:
        binding = _binding(policy, state)
        members = [] if binding is None else [str(member) for member in binding["members"]]
        same = next((member for member in members if member.lower() == str(state["member"]).lower()), None)
        return None if same is None else {"member": state["member"]}

    def _from_import(self, rest: list[str]) -> Object:
        if len(rest) != 2:  # noqa: PLR2004 - a role and a member
            raise ImportIdError('import id must be "PARENT ROLE MEMBER"')
        return {"role": rest[0], "member": rest[1]}


class Binding(Member):
    """All members of one role: others are taken out."""

    def _identity(self, state: Object) -> str:
        return "/".join([self._path(self.where.parent, state), state["role"]])

    def _add(self, policy: Policy, state: Object, prior: Object | None) -> None:
        self._drop(policy, state)
        policy.setdefault("bindings", []).append(_new_binding(state) | {"members": list(state["members"])})

    def _drop(self, policy: Policy, state: Object) -> None:
        binding = _binding(policy, state)
        policy["bindings"] = [one for one in policy.get("bindings", []) if one is not binding]

    def _find(self, policy: Policy, state: Object) -> Object | None:
        binding = _binding(policy, state)
        if binding is None:
            return None
        present, known = list(binding["members"]), list(state.get("members") or [])
        return {"members": known if sorted(known) == sorted(present) else present}

    def _from_import(self, rest: list[str]) -> Object:
        return {"role": rest[0], "members": []}


class AuditConfig(_PolicyPart):
    """Which data accesses of a service are logged."""

    def _identity(self, state: Object) -> str:
        return f"{self._path('{project}', state)}/audit_config/{state['service']}"

    def _add(self, policy: Policy, state: Object, prior: Object | None) -> None:
        self._drop(policy, state)
        logs = [
            {"logType": log["log_type"]}
            | ({"exemptedMembers": log["exempted_members"]} if log.get("exempted_members") else {})
            for log in state["audit_log_config"]
        ]
        policy.setdefault("auditConfigs", []).append({"service": state["service"], "auditLogConfigs": logs})

    def _drop(self, policy: Policy, state: Object) -> None:
        others = [one for one in policy.get("auditConfigs", []) if one["service"] != state["service"]]
        policy["auditConfigs"] = others

    def _find(self, policy: Policy, state: Object) -> Object | None:
        found = next(
            (one for one in policy.get("auditConfigs", []) if one["service"] == state["service"]), None
        )
        if found is None:
            return None
        logs = [
            {"log_type": log["logType"], "exempted_members": log.get("exemptedMembers") or []}
            for log in found["auditLogConfigs"]
        ]
        known = [log["log_type"] for log in state.get("audit_log_config") or []]
        return {
            "audit_log_config": sorted(logs, key=lambda log: (log["log_type"] not in known, log["log_type"]))
        }

    def _from_import(self, rest: list[str]) -> Object:
        return {"service": rest[0], "audit_log_config": []}

    def _request(self, policy: Policy) -> Json:
        return {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}


def _binding(policy: Policy, state: Object) -> dict[str, Any] | None:
    """The policy's binding for the role under the condition."""
    wanted = _condition(state)
    for binding in policy.get("bindings", []):
        present = binding.get("condition") or {}
        same = {key: value for key, value in present.items() if value} == wanted
        if binding["role"] == state["role"] and same:
            found: dict[str, Any] = binding
            return found
    return None


def _condition(state: Object) -> dict[str, str]:
    given: Object = next(iter(state.get("condition") or []), {})
    return {key: given[key] for key in ("title", "description", "expression") if given.get(key)}


def _new_binding(state: Object) -> dict[str, Any]:
    condition = _condition(state)
    return {"role": state["role"], "members": []} | ({"condition": condition} if condition else {})


def _definition(where: PolicyOf, kind: type[_PolicyPart] = Member) -> Definition:
    handler = type(f"{kind.__name__}Of{where.service.title()}", (kind,), {"where": where})
    return Definition(Row(service=where.service, collection=where.parent, plan_defaults=()), handler)


_PROJECT: Final = PolicyOf(
    service="cloudresourcemanager", parent="projects/{project}", argument="project", read="POST"
)
_BUCKET: Final = PolicyOf(
    service="storage", parent="b/{bucket}", argument="bucket", get="/iam", put="/iam", bare=True
)
_LOCATED: Final = "projects/{project}/locations/{location}"

DEFINITIONS: Final = {
    "google_project_iam_member": _definition(_PROJECT),
    "google_project_iam_audit_config": _definition(_PROJECT, AuditConfig),
    "google_storage_bucket_iam_member": _definition(_BUCKET),
    "google_storage_bucket_iam_binding": _definition(_BUCKET, Binding),
    "google_service_account_iam_member": _definition(
        PolicyOf(service="iam", parent="{service_account_id}", argument="service_account_id", read="POST")
    ),
    "google_access_context_manager_access_policy_iam_member": _definition(
        PolicyOf(service="accesscontextmanager", parent="accessPolicies/{name}", argument="name", read="POST")
    ),
    "google_workbench_instance_iam_member": _definition(
        PolicyOf(service="notebooks", parent=f"{_LOCATED}/instances/{{name}}", argument="name")
    ),
    "google_compute_subnetwork_iam_member": _definition(
        PolicyOf(
            service="compute",
            parent="projects/{project}/regions/{region}/subnetworks/{subnetwork}",
            argument="subnetwork",
            get="/getIamPolicy",
            put="/setIamPolicy",
        )
    ),
    "google_kms_crypto_key_iam_member": _definition(
        PolicyOf(service="cloudkms", parent="{crypto_key_id}", argument="crypto_key_id")
    ),
    "google_cloud_run_v2_job_iam_member": _definition(
        PolicyOf(service="run", parent=f"{_LOCATED}/jobs/{{name}}", argument="name")
    ),
    "google_artifact_registry_repository_iam_member": _definition(
        PolicyOf(
            service="artifactregistry",
            parent=f"{_LOCATED}/repositories/{{repository}}",
            argument="repository",
        )
    ),
}
