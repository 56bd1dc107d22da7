"""What can be set about a running sandbox."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one sandbox.

    Attributes:
        operation_seconds: How long a long-running operation takes, in sandbox seconds; 0 ends it at once.
        boot_seconds: How long a simulated boot takes, from the start of its VM to its last word, in sandbox
            seconds; 0 ends it with the start.
        strict: Answer 400 to output-only fields in a request. A single request asks for it with the header
            ``X-Sandbox-Strict: true``.
        check_answers: Answer 500 where the sandbox's own answer does not fit its schema. For tests.
        seed: Seed of the random numbers behind fault probabilities.
    """

    operation_seconds: float = 0.0
    boot_seconds: float = 0.0
    strict: bool = False
    check_answers: bool = False
    seed: int = 0
