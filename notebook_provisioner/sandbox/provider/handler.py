"""Create, read, update, delete and import a resource: what most types share. Odd ones override a step."""

from collections.abc import Mapping
from typing import Any, Final

from notebook_provisioner.sandbox.provider.conversion import Converter
from notebook_provisioner.sandbox.provider.errors import ApiError, Failed
from notebook_provisioner.sandbox.provider.mapping import Row, fill, parse_identity
from notebook_provisioner.sandbox.provider.planning import Planned, plan
from notebook_provisioner.sandbox.provider.rest import Client, Json
from notebook_provisioner.sandbox.provider.schema import Block
from notebook_provisioner.sandbox.provider.values import Object, is_unknown

_PLACES: Final = frozenset({"region", "zone"})
"""Arguments that the API answers with a link, and Terraform's state holds as a name."""


class Handler:
    """The life of one resource type.

    Subclasses override the steps in which their API differs; the order of steps stays.
    """

    def __init__(self, type_name: str, block: Block, row: Row, client: Client) -> None:
        self.type_name = type_name
        self.block = block
        self.row = row
        self.client = client
        self.converter = Converter(block, row.fields)

    # The life of a resource, as Terraform sees it.

    def plan(self, prior: Object | None, config: Object) -> Planned:
        """Plan a creation (no prior state) or an update, without asking the API."""
        return plan(self.block, prior, config, self.client.settings.defaults(self.row.plan_defaults))

    def create(self, planned: Object) -> Object:
        """Make the resource, and give its state."""
        planned = self._resolve(planned)
        try:
            answer = self._insert(planned)
        except ApiError as error:
            if not (error.exists and error.lost):
                raise
            answer = {}  # an attempt whose answer got lost has made it: read what is there
        answer = self.client.wait(self.row.service, answer)
        state = self._identified(planned, answer)
        try:
            return self._settled(state)
        except (ApiError, ValueError) as error:
            raise Failed(f"made, but not readable: {error}", state) from error

    def read(self, state: Object) -> Object | None:
        """The state as it is now; None where the resource is gone."""
        api = self._fetch(state)
        return None if api is None else self._to_state(api, state)

    def update(self, prior: Object, planned: Object) -> Object:
        """Change the resource in place, and give its state."""
        planned = self._resolve(planned)
        old, new = self._body(prior), self._body(planned)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        if changed:
            self._modify(prior, planned, changed)
        return self._settled(planned)

    def delete(self, prior: Object) -> None:
        """Remove the resource; one that is gone already is fine."""
        policy = prior.get("deletion_policy")
        if policy == "PREVENT":
            raise Failed(
                f'cannot destroy {self.type_name} {prior.get("id")} without setting deletion_policy="DELETE" '
                "and running `terraform apply`",
                prior,
            )
        if policy == "ABANDON":
            return
        try:
            self._remove(prior)
        except ApiError as error:
            if not error.not_found:
                raise

    def import_state(self, identity: str) -> Object | None:
        """The state of a resource that Terraform does not know yet; None where there is none."""
        blank = self.block.empty()
        defaults = {
            name: item.default for name, item in self.block.attributes.items() if item.default is not None
        }
        row, settings = self.row, self.client.settings
        named = parse_identity(row.identity_template, identity, settings, others=row.import_forms)
        state = blank | defaults | named
        if "deletion_policy" in blank:
            state["deletion_policy"] = "DELETE"
        found = self.read(self._resolve(state))
        if found is None:
            return None
        return found | {"id": self._identity(found)}

    # The steps.

    def _resolve(self, planned: Object) -> Object:
        """Fill in what the provider's configuration gives, and the default deletion policy."""
        settings = self.client.settings
        given = {
            "project": settings.project,
            "region": settings.region,
            "zone": settings.zone,
            "deletion_policy": "DELETE",
        }
        filled = {
            name: value
            for name, value in given.items()
            if name in planned and value and (planned[name] is None or is_unknown(planned[name]))
            if self.block.attributes[name].optional
        }
        return planned | filled

    def _path(self, template: str, state: Object) -> str:
        """A template with the resource's arguments in it."""
        return fill(template, state, self.client.settings)

    def _url(self, template: str, state: Object, **query: str | None) -> str:
        """The absolute URL of a template."""
        return self.client.url(self.row.service, self._path(template, state), **query)

    def _item_url(self, state: Object, **query: str | None) -> str:
        """The absolute URL of the resource."""
        return self._url(self.row.item_template, state, **query)

    def _identity(self, state: Object) -> str:
        """Terraform's ``id``."""
        return self._path(self.row.identity_template, state)

    def _body(self, state: Object) -> dict[str, Any]:
        """The API's form of a state."""
        return self.converter.body(state)

    def _to_state(self, api: Mapping[str, Any], known: Object) -> Object:
        """The state that the API's answer means."""
        state = self.converter.state(api, known)
        state["id"] = known.get("id")
        for place in _PLACES & state.keys():
            state[place] = str(state[place]).rsplit("/", 1)[-1] if state[place] else state[place]
        return state

    def _insert(self, planned: Object) -> Json:
        """Send the request that makes the resource."""
        if self.row.create == "PUT":
            return self.client.send("PUT", self._item_url(planned), self._body(planned))
        query = "?" + self.row.create_query if self.row.create_query else ""
        return self.client.send("POST", self._url(self.row.collection + query, planned), self._body(planned))

    def _identified(self, planned: Object, answer: Json) -> Object:
        """The planned state with its ``id``, and with the name where the server has chosen it."""
        if self.row.named_by_server:
            response = answer.get("response", answer) if isinstance(answer, dict) else {}
            planned = planned | {"name": response.get("name")}
        return planned | {"id": self._identity(planned)}

    def _settled(self, state: Object) -> Object:
        """Read the resource after a change."""
        api = self._fetch(state)
        if api is None:
            raise Failed(f"{self.type_name} {state.get('id')} is not there after it was made or changed")
        return self._to_state(api, state)

    def _fetch(self, state: Object) -> Json:
        """The API's object, or None."""
        return self.client.get(self._item_url(state))

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        """Send what changes it; ``changed`` are the API's top-level keys that differ."""
        body = self._body(planned)
        if self.row.update == "PUT":
            answer = self.client.send("PUT", self._item_url(planned), body)
        elif self.row.update == "MASK":
            partial = {key: body[key] for key in changed if key in body}
            answer = self.client.send("PATCH", self._item_url(planned, updateMask=",".join(changed)), partial)
        else:
            partial = {key: body.get(key) for key in changed}
            answer = self.client.send(
                "PATCH", self._item_url(planned), self._with_fingerprint(prior, partial)
            )
        self.client.wait(self.row.service, answer)

    def _with_fingerprint(self, prior: Object, partial: dict[str, Any]) -> dict[str, Any]:
        """Compute wants the fingerprint of what is changed, where there is one."""
        if "fingerprint" not in self.block.attributes:
            return partial
        current = self._fetch(prior) or {}
        return partial | {"fingerprint": current.get("fingerprint")}

    def _remove(self, prior: Object) -> None:
        """Send the request that removes it."""
        self.client.wait(self.row.service, self.client.send("DELETE", self._item_url(prior)))
