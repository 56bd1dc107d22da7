"""``ifGenerationMatch`` and its three siblings, for objects and buckets.

Source: https://cloud.google.com/storage/docs/request-preconditions
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_provisioner.sandbox.server.errors import ApiError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What must hold of the version that a request is about.

    Generation 0 stands for "no live version".
    """

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def of(cls, query: "Mapping[str, Any]", prefix: str = "if") -> "Preconditions":
        """Read them from query parameters that begin with *prefix*: ``if`` or ``ifSource``.

        Raises:
            ApiError: 400; one is not an integer.
        """
        values = []
        for name in _NAMES:
            text = query.get(prefix + name)
            try:
                values.append(None if text is None else int(text))
            except ValueError:
                raise invalid(f"Invalid value for {prefix}{name}: {text!r} is no integer.") from None
        return cls(*values)

    def check(self, resource: "Mapping[str, Any] | None", *, reading: bool = False) -> None:
        """Hold them against the live version, or None where there is none.

        Raises:
            ApiError: 412, or 304 where a read asked for something newer; one does not hold.
        """
        generation = int(resource["generation"]) if resource else 0
        metageneration = int(resource["metageneration"]) if resource else 0
        matches = ((self.generation_match, generation), (self.metageneration_match, metageneration))
        if any(expected is not None and expected != actual for expected, actual in matches):
            raise _not_met()
        excluded = ((self.generation_not_match, generation), (self.metageneration_not_match, metageneration))
        if any(unwanted is not None and unwanted == actual for unwanted, actual in excluded):
            raise _not_met(http_status=304 if reading else 412)
        if resource is None and (self.generation_not_match, self.metageneration_not_match) != (None, None):
            # As the discovery document has it: without a live object, the precondition fails.
            raise _not_met()


def _not_met(http_status: int = 412) -> ApiError:
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError("CONDITION_NOT_MET", message, http_status=http_status)
