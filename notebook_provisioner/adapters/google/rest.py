"""Many small calls to Google's REST APIs: kept connections, retries, a pace that adapts.

Google's own client for Compute Engine takes over two seconds to import.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.adapters.google.pace import Pace
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.core.errors import TargetUnreachable

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from requests import Response, Session

_TIMEOUT: Final = 60.0  # seconds for one answer
_TIMEOUT_STOPPED: Final = 5.0  # the same, once nobody wants to wait any more
_PATIENCE: Final = 90.0  # seconds of trying again
_LONGEST_PAUSE: Final = 30.0  # seconds between two tries, at most
_NAP: Final = 0.1  # seconds until a pause notices that it is to end
_TRANSIENT: Final = frozenset({500, 502, 503, 504})
_RATE_REASONS: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})


class Refusal(Exception):
    """An answer that is no success, and that trying again does not help.

    Attributes:
        status: The HTTP status.
        reason: Google's word for it: ``resourceInUseByAnotherResource``; empty where it gives none.
        message: Google's sentence.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def throttled(self) -> bool:
        """Whether there were too many requests."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or self.reason in _RATE_REASONS


class NoAnswer(Exception):
    """Nothing came back although it was tried for a while; whether the request took effect is unknown."""


class _Again(Exception):
    """Worth another try.

    Attributes:
        harmless: Whether the request surely had no effect.
    """

    def __init__(self, message: str, *, harmless: bool = False) -> None:
        super().__init__(message)
        self.harmless = harmless


@dataclass(slots=True)
class Tries:
    """The tries of one call, kept up to date while it goes on.

    Attributes:
        before: Asked right before each sending, when nothing is waited for any more; what it raises ends the
            call.
        sent: How often the request was sent.
        lost: Whether one of them may have had an effect that nobody confirmed: its answer did not come, or
            was that of a server in trouble.
    """

    before: "Callable[[Tries], None]" = lambda _: None
    sent: int = 0
    lost: bool = False


@dataclass(slots=True)
class ClockWatch:
    """Compares this machine's clock with Google's, which each answer's header ``Date`` tells to the second.

    Attributes:
        ahead: How far this machine's is ahead by the latest answer; None while none has told.
    """

    ahead: timedelta | None = None

    def hear(self, date: str | None) -> None:
        """Take in the header of an answer that has just come."""
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return
        self.ahead = datetime.now(UTC) - told.replace(tzinfo=told.tzinfo or UTC)


class Rest:
    """Calls with credentials. Safe to share between threads.

    Args:
        target: Google, or the sandbox.
        patience: Seconds of trying again before a call is given up.
        first_pause: Seconds before the first further try, at most; the later ones double. How long it is
            is left to chance, so that calls that failed together do not come again together.
        stopped: Whether nobody wants to wait any more: pauses end at once then, and a call that fails is made
            once more at most.
        watch: Hears of the time of each answer.
    """

    def __init__(
        self,
        target: Target,
        *,
        patience: float = _PATIENCE,
        first_pause: float = 0.5,
        stopped: Callable[[], bool] = lambda: False,
        watch: ClockWatch | None = None,
    ) -> None:
        self.target = target
        self._watch = watch or ClockWatch()
        self.stopped = stopped
        self._patience = patience
        self._first_pause = first_pause
        self._local = threading.local()
        self._credentials: Credentials | None = None
        self._lock = threading.Lock()

    def call(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        pace: Pace | None = None,
        tries: Tries | None = None,
    ) -> dict[str, Any]:
        """Make one call, and make it again while that may help.

        The same request is sent again: give one that changes something a ``requestId``.

        Args:
            method: ``GET``, ``POST``, ``DELETE``.
            url: The whole URL without parameters.
            parameters: Query parameters.
            body: Becomes the JSON body.
            pace: Held to, and told what Google answers.
            tries: Asked before each sending, and told how it went.

        Returns:
            The answer's JSON.

        Raises:
            Refusal: An answer that stays.
            NoAnswer: None that stays.
            TargetUnreachable: No credentials.
        """
        tries = tries or Tries()

        def before() -> None:
            tries.before(tries)
            tries.sent += 1

        def once() -> dict[str, Any]:
            if pace is not None:
                pace.wait(self.pause)
            try:
                return self._once(method, url, parameters, body, pace=pace, before=before)
            except _Again as again:
                tries.lost = tries.lost or not again.harmless
                raise

        until, longest, last = 0.0, self._first_pause, False
        while True:
            try:
                return once()
            except _Again as error:
                until = until or time.monotonic() + self._patience
                pause = random.uniform(0, longest)  # noqa: S311  # no secret
                if last or time.monotonic() + pause > until:
                    raise NoAnswer(f"{method} {url}: {error}") from error
            self.pause(pause)
            longest, last = min(2 * longest, _LONGEST_PAUSE), self.stopped()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until nobody wants to wait any more."""
        until = time.monotonic() + seconds
        while not self.stopped() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))

    def send(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Make one call, once: for requests that must not be sent twice. As ``call`` otherwise.

        Raises:
            Refusal: An answer that stays, or that there are too many requests.
            NoAnswer: None, or one of a server in trouble.
            TargetUnreachable: No credentials.
        """
        try:
            return self._once(method, url, parameters, body)
        except _Again as error:
            if isinstance(error.__cause__, Refusal) and error.__cause__.throttled:
                raise error.__cause__ from None
            raise NoAnswer(f"{method} {url}: {error}") from error

    def read(self, url: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read one document.

        Raises:
            TargetUnreachable: It cannot be had.
        """
        try:
            return self.call("GET", url, parameters)
        except (Refusal, NoAnswer) as error:
            raise unreachable(url, error) from error

    def find(self, url: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """Read one document; None where there is none.

        Raises:
            TargetUnreachable: It cannot be had.
        """
        try:
            return self.call("GET", url, parameters)
        except (Refusal, NoAnswer) as error:
            if isinstance(error, Refusal) and error.status == HTTPStatus.NOT_FOUND:
                return None
            raise unreachable(url, error) from error

    def pages(self, url: str, parameters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Read a list, page by page.

        Raises:
            TargetUnreachable: It cannot be had.
        """
        token: str | None = ""
        while token is not None:
            page = self.read(url, {**parameters, **({"pageToken": token} if token else {})})
            yield page
            token = page.get("nextPageToken") or None

    def _once(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        *,
        pace: Pace | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> dict[str, Any]:
        import requests

        authorization = self._authorization(method, url)  # may take its time
        before()
        try:
            answer = self._session().request(
                method,
                url,
                params=parameters,
                json=body,
                headers=authorization,
                timeout=_TIMEOUT_STOPPED if self.stopped() else _TIMEOUT,
            )
        except requests.RequestException as error:
            raise _Again(f"{type(error).__name__}: {error}") from error
        self._watch.hear(answer.headers.get("Date"))
        if answer.ok:
            if pace is not None:
                pace.speed_up()
            return _document(answer)
        reason, message = _error(answer.text)
        refusal = Refusal(answer.status_code, reason, message)
        if refusal.throttled and pace is not None:
            pace.slow_down()
        if refusal.throttled or answer.status_code in _TRANSIENT:
            raise _Again(str(refusal), harmless=refusal.throttled) from refusal
        raise refusal

    def _session(self) -> "Session":
        from requests import Session

        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session()
        return session

    def _authorization(self, method: str, url: str) -> dict[str, str]:
        """Headers with a token, renewed when it is about to expire.

        As ``google.auth.transport.requests.AuthorizedSession`` has it, whose import costs a tenth of a second
        that only a renewal needs.
        """
        if self.target.token is not None:
            return {"Authorization": f"Bearer {self.target.token}"}
        from google.auth import exceptions

        headers: dict[str, str] = {}
        try:
            with self._lock:
                self._credentials = self._credentials or self.target.credentials()
                self._credentials.before_request(_renewal, method, url, headers)  # type: ignore[no-untyped-call]
        except exceptions.RefreshError as error:
            raise TargetUnreachable(
                f"Google refuses the credentials: {error}",
                hint="log in again with: gcloud auth application-default login",
            ) from error
        except exceptions.TransportError as error:
            raise _Again(str(error), harmless=True) from error
        return headers


def _renewal(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # google.auth.transport.Request's own shape
    from google.auth.transport.requests import Request

    return Request()(*arguments, **options)


def unreachable(url: str, error: Refusal | NoAnswer) -> TargetUnreachable:
    """What a user is told of a call that nothing can be done without."""
    if isinstance(error, NoAnswer):
        return TargetUnreachable(
            f"no connection: {error}", hint="is the network there? for the sandbox: nbp sandbox start"
        )
    return TargetUnreachable(
        f"{url} answered {error.status}: {error.message}",
        hint="nbp doctor says what is missing" if error.status in {401, 403} else None,
    )


def _document(answer: "Response") -> dict[str, Any]:
    """The JSON object of a success. Anything else is an answer that got lost: of a proxy, or cut off."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        begins = answer.text.strip()[:80]
        raise _Again(f"answered {answer.status_code} with what is no JSON object: {begins!r}")
    return document


def _error(text: str) -> tuple[str, str]:
    """Reason and message of either of Google's two error bodies."""
    import json

    try:
        error = json.loads(text)["error"]
        details = [item for item in (*error.get("errors", ()), *error.get("details", ())) if "reason" in item]
        return (str(details[0]["reason"]) if details else str(error.get("status", ""))), str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", text.strip()[:200]
