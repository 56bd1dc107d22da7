"""What all models of the fleet file share."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Frozen, strict about types, and closed: a misspelt key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, validate_default=True
    )
