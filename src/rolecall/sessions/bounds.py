"""How long an answer over HTTP may take in all, and how long it may be.

botocore's own time-out is for each piece of an answer: a byte every few seconds would never end.
What botocore asks by itself, for the source's credentials, is bounded here as well.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection

from rolecall.sessions.session import MalformedAnswerError

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one answer is given: seconds from the request's end, and bytes, its head included.

    No answer that rolecall asks for has a tenth of these; a list in S3 may have five megabytes.
    """

    seconds: float = 30.0
    size: int = 16 * _MEBIBYTE


BOUNDS = Bounds()


def bound_answers(bounds: Bounds = BOUNDS) -> None:
    """Bounds each answer that botocore's HTTP connections of this process read from now on.

    One that takes too long ends as one that stalls, botocore's ReadTimeoutError; one that is too
    long in MalformedAnswerError, which botocore puts into an HTTPClientError where it reads it.
    """
    _Answer.bounds = bounds
    for connection in (AWSHTTPConnection, AWSHTTPSConnection):
        connection.response_class = _Answer


class _Answer(HTTPResponse):
    """An answer whose every byte, of its head too, is read through a _Reader."""

    bounds = BOUNDS

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(_Socket(sock, self.bounds), *args, **options)  # type: ignore[arg-type]


class _Socket:
    """What HTTPResponse asks of a socket."""

    def __init__(self, sock: Any, bounds: Bounds) -> None:
        self._sock, self._bounds = sock, bounds

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"  # noqa: S101  HTTPResponse's own
        return io.BufferedReader(_Reader(self._sock, self._bounds))


class _Reader(io.RawIOBase):
    """Reads from a socket until time or room is at an end."""

    def __init__(self, sock: Any, bounds: Bounds) -> None:
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)
        self._ends, self._left = time.monotonic() + bounds.seconds, bounds.size
        self._size = bounds.size

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def readinto(self, buffer: Any, /) -> int | None:
        patience = self._sock.gettimeout()
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        self._sock.settimeout(left if patience is None else min(left, patience))
        try:
            count: int | None = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(patience)
        self._left -= count or 0
        if self._left < 0:
            raise MalformedAnswerError(f"its answer is over {self._size:,} bytes")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
