"""What can be set about a running sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one sandbox.

    Attributes:
        operation_seconds: How long a long-running operation takes, in sandbox seconds; 0 ends it at once.
        strict: Answer 400 to output-only fields in a request, and 500 to an answer of the sandbox's own that
            does not fit its schema. A single request asks for it with the header ``X-Sandbox-Strict: true``.
        seed: Seed of the random numbers behind fault probabilities.
    """

    operation_seconds: float = 0.0
    strict: bool = False
    seed: int = 0
