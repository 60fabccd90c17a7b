"""What kind of failure an error of AWS, or of the way to it, is."""

from __future__ import annotations

from botocore import exceptions

from rolecall.sessions.session import MalformedAnswerError

# What a call of AWS may end with, once its answer has been looked at.
FAILURES = (exceptions.BotoCoreError, exceptions.ClientError, MalformedAnswerError, OSError)
ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# Source: botocore.retries.standard, and the error lists of STS, SSM, S3 and Organizations.
_THROTTLED = frozenset(
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
    }
)
_TRANSIENT = frozenset(
    {
        "RequestTimeout",
        "RequestTimeoutException",
        "IDPCommunicationError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
    }
)
_TOO_MANY_REQUESTS = 429
_FIRST_SERVER_ERROR = 500


class HttpError(Exception):
    """An answer over HTTP, by no service of AWS, that is no success."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"it answered with HTTP status {status}")


def code_of(error: BaseException) -> str:
    """The error code of AWS, or the name of the exception."""
    if isinstance(error, exceptions.ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, exceptions.ClientError):
        server_error = _status_of(error) >= _FIRST_SERVER_ERROR
        return code_of(error) in _TRANSIENT or server_error or is_throttled(error)
    if isinstance(error, HttpError):
        return error.status == _TOO_MANY_REQUESTS or error.status >= _FIRST_SERVER_ERROR
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


def is_throttled(error: BaseException) -> bool:
    """Whether AWS says that it is called too often."""
    return isinstance(error, exceptions.ClientError) and (
        code_of(error) in _THROTTLED or _status_of(error) == _TOO_MANY_REQUESTS
    )


def _status_of(error: exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_denied(error: BaseException) -> bool:
    return code_of(error) in ACCESS_DENIED
