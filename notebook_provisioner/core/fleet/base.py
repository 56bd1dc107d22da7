"""What all models of the fleet file share."""

import ast
import inspect
import textwrap
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Model(BaseModel):
    """Frozen, strict about types, and closed: a misspelt key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True, defer_build=True
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe each field by the docstring under it.

        Not by pydantic's ``use_attribute_docstrings``: it reads the sources when models are imported, for
        which every command would pay.
        """
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for model in cls.__mro__[: cls.__mro__.index(Model)]:
            for name, text in _docstrings(model).items():
                properties[name].setdefault("description", text)
        return schema


def _docstrings(model: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    return {
        field.target.id: inspect.cleandoc(text)
        for definition in tree.body
        if isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(text := below.value.value, str)
    }
