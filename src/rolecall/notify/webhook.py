"""One POST of JSON. Redirects are not followed, and what is answered is not read."""

from __future__ import annotations

from botocore import exceptions
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

import rolecall
from rolecall.sessions.bounds import bound_answers
from rolecall.sessions.faults import HttpError

_TIMEOUT = 10  # seconds
_SUCCESS = range(200, 300)


def post(url: str, body: bytes, *, ca_bundle: str = "") -> None:
    """Sends it, through the proxies that AWS is reached through.

    Args:
        ca_bundle: the file of the authorities that are trusted; empty for botocore's own.

    Raises:
        HttpError: for an answer that is no success.
        HTTPClientError: where there is no answer. Its message holds the URL.
    """
    bound_answers()
    headers = {"Content-Type": "application/json", "User-Agent": f"rolecall/{rolecall.__version__}"}
    request = AWSRequest("POST", url, headers=headers, data=body, stream_output=True).prepare()
    session = URLLib3Session(
        verify=ca_bundle or True, proxies=get_environ_proxies(url), timeout=_TIMEOUT
    )
    try:
        answer = session.send(request)
        answer.raw.close()
    finally:
        session.close()
    if answer.status_code not in _SUCCESS:
        raise HttpError(answer.status_code)


def reason(error: Exception) -> str:
    """Why a POST failed, without the URL."""
    if isinstance(error, HttpError):
        return str(error)
    if isinstance(error, exceptions.SSLError):
        return "its certificate is not trusted; AWS_CA_BUNDLE names another authority"
    timeouts = (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError)
    if isinstance(error, timeouts):
        return f"no answer in {_TIMEOUT} s"
    return f"it cannot be reached ({type(error).__name__})"
