"""The provider's remote procedures: Terraform's questions, answered by schema, plan and handlers."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from notebook_provisioner.sandbox.provider import schema
from notebook_provisioner.sandbox.provider.errors import ApiError, Failed
from notebook_provisioner.sandbox.provider.protocol import PROCEDURES, AnyMessage, message
from notebook_provisioner.sandbox.provider.settings import NoEndpoint, Settings
from notebook_provisioner.sandbox.provider.validation import Problem, validate
from notebook_provisioner.sandbox.provider.values import Path, Value, decode, encode, is_unknown

_ERROR = 1


class Provider:
    """One configured provider. Terraform calls from several threads; only the configuration is kept."""

    def __init__(self) -> None:
        self._settings = Settings()
        self._client: Any = None

    def handle(self, procedure: str, request: AnyMessage) -> AnyMessage:
        """Answer a request; whatever goes wrong becomes a diagnostic."""
        answer: Callable[[AnyMessage], AnyMessage] = getattr(self, procedure)
        try:
            return answer(request)
        except (NoEndpoint, Failed, ApiError, ValueError) as error:
            return _refusal(procedure, str(error))
        except Exception as error:  # noqa: BLE001 - Terraform must get an answer, and the log the traceback
            import traceback

            traceback.print_exc()
            return _refusal(
                procedure, f"{type(error).__name__}: {error}", "This is a bug in the stand-in provider."
            )

    # Schemas and configuration.

    def GetMetadata(self, _request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """The names of everything."""
        return message(
            "GetMetadataResponse",
            resources=[message("TypeName", type_name=name) for name in schema.resource_types()],
            data_sources=[message("TypeName", type_name=name) for name in schema.data_source_types()],
        )

    def GetSchema(self, _request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """All schemas."""
        return message(
            "GetSchemaResponse",
            provider=schema.schema_message(schema.provider_block()),
            resource_schemas=_schemas(schema.resource_types(), schema.resource_block),
            data_source_schemas=_schemas(schema.data_source_types(), schema.data_source_block),
            # Terraform starts one provider process for each thing it does, and then asks only the first.
            server_capabilities=message("ServerCapabilities", get_provider_schema_optional=True),
        )

    def PrepareProviderConfig(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """The provider block is taken as it is."""
        return message("PrepareResponse", prepared_config=request.config)

    def Configure(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Read the provider block and the environment."""
        self._settings = Settings.read(_decoded(request.config) or {}, os.environ)
        self._client = None
        return message("Diagnostics")

    # Configurations and plans.

    def ValidateResourceTypeConfig(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Check a resource's arguments."""
        block = schema.resource_block(request.type_name)
        problems = validate(block, _decoded(request.config, block))
        return message("Diagnostics", diagnostics=[_diagnostic(problem) for problem in problems])

    def ValidateDataSourceConfig(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Check a data source's arguments."""
        block = schema.data_source_block(request.type_name)
        problems = validate(block, _decoded(request.config, block))
        return message("Diagnostics", diagnostics=[_diagnostic(problem) for problem in problems])

    def UpgradeResourceState(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Read a stored state, also one that a neighbouring release of hashicorp/google has written."""
        stored = json.loads(request.raw_state.json)
        return message(
            "UpgradeResponse",
            upgraded_state=_encoded(schema.resource_block(request.type_name).conform(stored)),
        )

    def PlanResourceChange(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Plan a creation, an update or a removal."""
        response = message("PlanResponse", legacy_type_system=True, planned_private=request.prior_private)
        if _decoded(request.proposed_new_state) is None:
            response.planned_state.CopyFrom(request.proposed_new_state)
            return response
        handler = self._handler(request.type_name)
        prior, config = (_decoded(value, handler.block) for value in (request.prior_state, request.config))
        planned = handler.plan(prior, config)
        response.planned_state.CopyFrom(_encoded(planned.state))
        response.requires_replace.extend(_path(path) for path in planned.replace)
        return response

    # Changes.

    def ApplyResourceChange(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Make, change or remove a resource. A failure says what is known of it: no state gets lost."""
        block = schema.resource_block(request.type_name)
        prior, planned = (_decoded(value, block) for value in (request.prior_state, request.planned_state))
        response = message("ApplyResponse", legacy_type_system=True, private=request.planned_private)
        verb = "deleting" if planned is None else "creating" if prior is None else "updating"
        state: Value = prior
        try:
            handler = self._handler(request.type_name)
            if planned is None:
                handler.delete(prior)
                state = None
            elif prior is None:
                state = handler.create(planned)
            else:
                state = handler.update(prior, planned)
        except (Failed, ApiError, NoEndpoint, ValueError) as error:
            if isinstance(error, Failed) and error.state is not None:
                state = block.conform(_known(error.state))
            problem = Problem((), f"Error {verb} {request.type_name}: {error}")
            response.diagnostics.append(_diagnostic(problem))
        response.new_state.CopyFrom(_encoded(_known(state)))
        return response

    def ReadResource(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """The present state; none where the resource is gone."""
        handler = self._handler(request.type_name)
        state = handler.read(_decoded(request.current_state, handler.block))
        return message("ReadResponse", new_state=_encoded(state), private=request.private)

    def ImportResourceState(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """The state of a resource that is there but not yet Terraform's."""
        state = self._handler(request.type_name).import_state(request.id)
        if state is None:
            raise ValueError(f"Cannot import non-existent remote object {request.type_name} {request.id!r}")
        imported = message("ImportedResource", type_name=request.type_name, state=_encoded(state))
        return message("ImportResponse", imported_resources=[imported])

    def ReadDataSource(self, request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Look something up."""
        from notebook_provisioner.sandbox.provider.data_sources import read

        block = schema.data_source_block(request.type_name)
        found = read(request.type_name, block, _decoded(request.config, block), self._connected())
        return message("ReadDataResponse", state=_encoded(found))

    def Stop(self, _request: AnyMessage) -> AnyMessage:  # noqa: N802 - Terraform's name
        """Terraform was interrupted: what is under way is finished, so that its state is known."""
        return message("StopResponse")

    def _connected(self) -> Any:  # noqa: ANN401 - rest.Client; importing it is deferred
        if self._client is None:
            from notebook_provisioner.sandbox.provider.rest import Client

            self._client = Client(self._settings)
        return self._client

    def _handler(self, type_name: str) -> Any:  # noqa: ANN401 - handler.Handler; importing it is deferred
        from notebook_provisioner.sandbox.provider.registry import definitions

        block = schema.resource_block(type_name)
        definition = definitions()[type_name]
        return definition.handler(type_name, block, definition.row, self._connected())


def _schemas(names: Iterable[str], block: Callable[[str], schema.Block]) -> list[AnyMessage]:
    return [message("SchemaEntry", key=name, value=schema.schema_message(block(name))) for name in names]


def _decoded(value: AnyMessage, block: schema.Block | None = None) -> Value:
    decoded = decode(value.msgpack, value.json)
    return decoded if block is None else block.with_numbers(decoded)


def _encoded(value: Value) -> AnyMessage:
    return message("DynamicValue", msgpack=encode(value))


def _known(state: Value) -> Value:
    """A state holds no unknown values: what the API did not tell is null."""
    if isinstance(state, dict):
        return {name: _known(value) for name, value in state.items()}
    if isinstance(state, list):
        return [_known(value) for value in state]
    return None if is_unknown(state) else state


def _path(path: Path) -> AnyMessage:
    steps = [
        message("Step", element_key_int=step)
        if isinstance(step, int)
        else message("Step", attribute_name=step)
        for step in path
    ]
    return message("AttributePath", steps=steps)


def _diagnostic(problem: Problem) -> AnyMessage:
    where = _path(problem.path) if problem.path else None
    return message(
        "Diagnostic", severity=_ERROR, summary=problem.summary, detail=problem.detail, attribute=where
    )


def _refusal(procedure: str, summary: str, detail: str = "") -> AnyMessage:
    """A response that carries only a diagnostic; the few that cannot carry one stay empty."""
    response = message(PROCEDURES[procedure][1])
    if hasattr(response, "diagnostics"):
        response.diagnostics.append(_diagnostic(Problem((), summary, detail)))
    return response
