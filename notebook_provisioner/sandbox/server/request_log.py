"""What was asked of the sandbox: counts per method, and the latest requests. In memory only."""

from collections import Counter, deque
from typing import Any

_KEPT = 500


class RequestLog:
    """Counts and the last few requests since the start, or since `clear`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Count from zero again."""
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def add(self, method_id: str, path: str, status: int, ignored: list[str]) -> None:
        """Note one answered request.

        Args:
            method_id: The method's id.
            path: Path and query.
            status: HTTP status of the answer; 0 where the connection was dropped.
            ignored: Output-only fields that the request set.
        """
        self._counts[method_id] += 1
        if not 200 <= status < 400:  # noqa: PLR2004 - HTTP success
            self._errors[f"{method_id} {status}"] += 1
        self._ignored.update(f"{method_id} {field}" for field in ignored)
        self._latest.append({"method": method_id, "path": path, "status": status})

    def to_document(self) -> dict[str, Any]:
        """Counts by method id, errors by method id and status, ignored fields, and the latest requests."""
        return {
            "total": self._counts.total(),
            "counts": dict(sorted(self._counts.items())),
            "errors": dict(sorted(self._errors.items())),
            "ignoredFields": dict(sorted(self._ignored.items())),
            "latest": list(self._latest),
        }
