"""The one retry policy: exponential with full jitter, bounded in attempts and in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
import tenacity
from botocore import exceptions

from rolecall.sessions.session import MalformedAnswerError

Sleep = Callable[[float], None]
ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# Source: botocore.retries.standard, and the error lists of STS, SSM and S3.
_TRANSIENT = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "IDPCommunicationError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
    }
)
_LONGEST_WAIT = 20.0
_FIRST_SERVER_ERROR = 500


def code_of(error: BaseException) -> str:
    """The error code of AWS, or the name of the exception."""
    if isinstance(error, exceptions.ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _TRANSIENT or status >= _FIRST_SERVER_ERROR
    if isinstance(error, exceptions.SSLError):  # a certificate does not heal
        return False
    return isinstance(
        error,
        (
            exceptions.HTTPClientError,
            exceptions.ConnectionError,
            exceptions.IncompleteReadError,
            MalformedAnswerError,
        ),
    )


def is_denied(error: BaseException) -> bool:
    return code_of(error) in ACCESS_DENIED


class Retry:
    """Calls AWS again where that may help.

    Args:
        attempts: how often in all. max_wait: seconds from the first try to the last.
        access_denied: seconds for which a denial is tried again; 0 for never.
        sleep: waits; may raise to end the retries.
    """

    def __init__(
        self, *, attempts: int, max_wait: float, access_denied: float, sleep: Sleep
    ) -> None:
        self._attempts, self._max_wait, self._access_denied = attempts, max_wait, access_denied
        self._sleep = sleep
        self._log = structlog.get_logger("rolecall.retry")

    def call(self, what: str, do: Callable[[], Any], *, sleep: Sleep | None = None) -> Any:
        """The answer of `do`, or its last error, noted with how often it was tried.

        Args:
            what: is named in the log.
        """

        def said(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            self._log.warning(
                "retry",
                call=what,
                error=code_of(error) if error else "",
                attempt=state.attempt_number,
                wait_seconds=round(state.upcoming_sleep, 1),
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._worth_it),
            stop=self._enough,
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT),
            sleep=sleep or self._sleep,
            before_sleep=said,
            reraise=True,
        )
        try:
            return retrying(do)
        except Exception as error:
            if (tries := retrying.statistics["attempt_number"]) > 1:
                error.add_note(f"tried {tries} times")
            raise

    def _worth_it(self, error: BaseException) -> bool:
        return is_transient(error) or (self._access_denied > 0 and is_denied(error))

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and is_denied(error):
            return tenacity.stop_before_delay(self._access_denied)(state)
        by_count = tenacity.stop_after_attempt(self._attempts)
        return (by_count | tenacity.stop_before_delay(self._max_wait))(state)
