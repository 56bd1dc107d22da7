"""The messages of Terraform's plugin protocol, version 5: the part of tfplugin5.proto that a provider needs.

Messages are declared here rather than compiled from the .proto file: that spares the build a protoc, and at
run time a second copy of the names for those who also use another plugin library. Field numbers are those of
tfplugin5.proto (https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto).
"""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

if TYPE_CHECKING:
    from google.protobuf.message import Message

PROTOCOL_VERSION: Final = 5
SERVICE: Final = "tfplugin5.Provider"

AnyMessage: TypeAlias = Any
"""An instance of a class in ``MESSAGES``: their fields are known only at run time."""

# message: {field: (number, type)}. "repeated" and "oneof" are prefixes; capitalised types are messages.
_FIELDS: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "Empty": {},
    "DynamicValue": {"msgpack": (1, "bytes"), "json": (2, "bytes")},
    "Step": {
        "attribute_name": (1, "oneof string"),
        "element_key_string": (2, "oneof string"),
        "element_key_int": (3, "oneof int64"),
    },
    "AttributePath": {"steps": (1, "repeated Step")},
    "Diagnostic": {
        "severity": (1, "int32"),
        "summary": (2, "string"),
        "detail": (3, "string"),
        "attribute": (4, "AttributePath"),
    },
    "Diagnostics": {"diagnostics": (1, "repeated Diagnostic")},
    "Attribute": {
        "name": (1, "string"),
        "type": (2, "bytes"),
        "description": (3, "string"),
        "required": (4, "bool"),
        "optional": (5, "bool"),
        "computed": (6, "bool"),
        "sensitive": (7, "bool"),
    },
    "NestedBlock": {
        "type_name": (1, "string"),
        "block": (2, "Block"),
        "nesting": (3, "int32"),
        "min_items": (4, "int64"),
        "max_items": (5, "int64"),
    },
    "Block": {
        "version": (1, "int64"),
        "attributes": (2, "repeated Attribute"),
        "block_types": (3, "repeated NestedBlock"),
    },
    "Schema": {"version": (1, "int64"), "block": (2, "Block")},
    "SchemaEntry": {"key": (1, "string"), "value": (2, "Schema")},
    "ServerCapabilities": {"plan_destroy": (1, "bool"), "get_provider_schema_optional": (2, "bool")},
    "TypeName": {"type_name": (1, "string")},
    "GetMetadataResponse": {
        "server_capabilities": (1, "ServerCapabilities"),
        "diagnostics": (2, "repeated Diagnostic"),
        "data_sources": (3, "repeated TypeName"),
        "resources": (4, "repeated TypeName"),
    },
    "GetSchemaResponse": {
        "provider": (1, "Schema"),
        "resource_schemas": (2, "repeated SchemaEntry"),
        "data_source_schemas": (3, "repeated SchemaEntry"),
        "diagnostics": (4, "repeated Diagnostic"),
        "server_capabilities": (6, "ServerCapabilities"),
    },
    "PrepareRequest": {"config": (1, "DynamicValue")},
    "PrepareResponse": {"prepared_config": (1, "DynamicValue"), "diagnostics": (2, "repeated Diagnostic")},
    "ValidateRequest": {"type_name": (1, "string"), "config": (2, "DynamicValue")},
    "RawState": {"json": (1, "bytes")},
    "UpgradeRequest": {"type_name": (1, "string"), "version": (2, "int64"), "raw_state": (3, "RawState")},
    "UpgradeResponse": {"upgraded_state": (1, "DynamicValue"), "diagnostics": (2, "repeated Diagnostic")},
    "ConfigureRequest": {"terraform_version": (1, "string"), "config": (2, "DynamicValue")},
    "ReadRequest": {
        "type_name": (1, "string"),
        "current_state": (2, "DynamicValue"),
        "private": (3, "bytes"),
    },
    "ReadResponse": {
        "new_state": (1, "DynamicValue"),
        "diagnostics": (2, "repeated Diagnostic"),
        "private": (3, "bytes"),
    },
    "PlanRequest": {
        "type_name": (1, "string"),
        "prior_state": (2, "DynamicValue"),
        "proposed_new_state": (3, "DynamicValue"),
        "config": (4, "DynamicValue"),
        "prior_private": (5, "bytes"),
    },
    "PlanResponse": {
        "planned_state": (1, "DynamicValue"),
        "requires_replace": (2, "repeated AttributePath"),
        "planned_private": (3, "bytes"),
        "diagnostics": (4, "repeated Diagnostic"),
        "legacy_type_system": (5, "bool"),
    },
    "ApplyRequest": {
        "type_name": (1, "string"),
        "prior_state": (2, "DynamicValue"),
        "planned_state": (3, "DynamicValue"),
        "config": (4, "DynamicValue"),
        "planned_private": (5, "bytes"),
    },
    "ApplyResponse": {
        "new_state": (1, "DynamicValue"),
        "private": (2, "bytes"),
        "diagnostics": (3, "repeated Diagnostic"),
        "legacy_type_system": (4, "bool"),
    },
    "ImportRequest": {"type_name": (1, "string"), "id": (2, "string")},
    "ImportedResource": {
        "type_name": (1, "string"),
        "state": (2, "DynamicValue"),
        "private": (3, "bytes"),
    },
    "ImportResponse": {
        "imported_resources": (1, "repeated ImportedResource"),
        "diagnostics": (2, "repeated Diagnostic"),
    },
    "ReadDataRequest": {"type_name": (1, "string"), "config": (2, "DynamicValue")},
    "ReadDataResponse": {"state": (1, "DynamicValue"), "diagnostics": (2, "repeated Diagnostic")},
    "StopResponse": {"Error": (1, "string")},
}

# remote procedure: (request, response)
PROCEDURES: Final = {
    "GetMetadata": ("Empty", "GetMetadataResponse"),
    "GetSchema": ("Empty", "GetSchemaResponse"),
    "PrepareProviderConfig": ("PrepareRequest", "PrepareResponse"),
    "ValidateResourceTypeConfig": ("ValidateRequest", "Diagnostics"),
    "ValidateDataSourceConfig": ("ValidateRequest", "Diagnostics"),
    "UpgradeResourceState": ("UpgradeRequest", "UpgradeResponse"),
    "Configure": ("ConfigureRequest", "Diagnostics"),
    "ReadResource": ("ReadRequest", "ReadResponse"),
    "PlanResourceChange": ("PlanRequest", "PlanResponse"),
    "ApplyResourceChange": ("ApplyRequest", "ApplyResponse"),
    "ImportResourceState": ("ImportRequest", "ImportResponse"),
    "ReadDataSource": ("ReadDataRequest", "ReadDataResponse"),
    "Stop": ("Empty", "StopResponse"),
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "bytes": _Field.TYPE_BYTES,
    "string": _Field.TYPE_STRING,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "bool": _Field.TYPE_BOOL,
}


def _message_classes() -> "dict[str, type[Message]]":
    file = descriptor_pb2.FileDescriptorProto(
        name="notebook_provisioner/tfplugin5.proto", package="notebook_provisioner.tfplugin5", syntax="proto3"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field_name, (number, declared) in fields.items():
            prefix, _, kind = declared.rpartition(" ")
            label = _Field.LABEL_REPEATED if prefix == "repeated" else _Field.LABEL_OPTIONAL
            field = message.field.add(name=field_name, number=number, label=label)
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{file.package}.{kind}"
            if prefix == "oneof":  # so that an index of 0 is sent, too
                if not message.oneof_decl:
                    message.oneof_decl.add(name="selector")
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}"))
        for name in _FIELDS
    }


MESSAGES: Final = _message_classes()


def message(name: str, /, **fields: object) -> AnyMessage:
    """A new message of the named type."""
    return MESSAGES[name](**fields)
