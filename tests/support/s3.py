"""An S3 of the tests' own: one bucket, conditional writes that are atomic, failures as scripted.

moto's server checks a condition and writes in two steps, so that two may both be first.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from support.sts import Handler, Served

BUCKET = "states"
Kind = Literal["error", "reset", "lost", "half"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with a request: refused, cut before or after it was done, or half answered.

    Attributes:
        delay: seconds before anything happens.
    """

    kind: Kind | None = None
    code: str = ""
    status: int = 500
    delay: float = 0.0


BUSY = Fault(kind="error", code="SlowDown", status=503)
BROKEN = Fault(kind="error", code="InternalError")
DENIED = Fault(kind="error", code="AccessDenied", status=403)
RESET = Fault(kind="reset")
LOST = Fault(kind="lost")
HALF = Fault(kind="half")
CONFLICT = Fault(kind="error", code="ConditionalRequestConflict", status=409)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object: its bytes, its ETag, and when it was written."""

    data: bytes
    etag: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    etag: str = ""
    at: datetime | None = None


class _Handler(Handler):
    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _serve(self) -> None:
        s3: ScriptedS3 = self.server.owner
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        if len(data) < length:
            # The client was killed half-way: S3 stores no object in part (IncompleteBody).
            self.close_connection = True
            return
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        fault = s3.fault(self.command, key)
        time.sleep(fault.delay)
        if fault.kind == "reset":
            self._reset()
            return
        reply = (
            _error(fault.status, fault.code)
            if fault.kind == "error"
            else s3.do(self.command, f"{bucket}/{key}", data, dict(self.headers), url.query)
        )
        if fault.kind == "lost":
            self._reset()
            return
        self._answer(reply, half=fault.kind == "half")

    do_GET = do_PUT = do_DELETE = _serve  # noqa: N815  as http.server calls them

    def _answer(self, reply: Reply, *, half: bool) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
        self.send_header("Content-Length", str(len(reply.body)))
        if half and not reply.body:
            self.wfile.flush()  # half a head
            self._reset()
            return
        if reply.etag:
            self.send_header("ETag", reply.etag)
        if reply.at:
            self.send_header("Last-Modified", format_datetime(reply.at, usegmt=True))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if half else reply.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or half

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class ScriptedS3(Served):
    """S3 that answers truly, save where `faults` or `refused` say otherwise.

    Attributes:
        faults: what happens to the next requests of a method, by method. judge: asked for every
            other request, with its method and key.
        ignored: the headers of conditions that it takes no notice of, as some work-alikes do.
        may_list: whether the caller may list; who may not is denied what is not there.
    """

    handler = _Handler

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.judge: Callable[[str, str], Fault] = lambda _method, _key: Fault()
        self.may_list = True
        self.ignored: set[str] = set()
        self._lock = threading.Lock()
        super().__init__()

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL_S3": self.url}

    def age(self, seconds: float) -> None:
        """Makes every object that much older."""
        with self._lock:
            for key, stored in self.objects.items():
                earlier = stored.at - timedelta(seconds=seconds)
                self.objects[key] = Stored(data=stored.data, etag=stored.etag, at=earlier)

    def fault(self, method: str, key: str) -> Fault:
        with self._lock:
            self.requests.append((method, key))
            waiting = self.faults.get(method)
            return waiting.pop(0) if waiting else self.judge(method, key)

    def do(self, method: str, path: str, data: bytes, headers: dict[str, Any], query: str) -> Reply:
        bucket, _, key = path.partition("/")
        if bucket != BUCKET:
            return _error(404, "NoSuchBucket")
        with self._lock:
            if not key:
                return self._list(parse_qs(query).get("prefix", [""])[0])
            stored = self.objects.get(key)
            if method == "PUT":
                return self._put(key, stored, data, headers)
            if method == "DELETE":
                self.objects.pop(key, None)
                return Reply(status=204)
            if stored is None:
                return _error(404, "NoSuchKey") if self.may_list else _error(403, "AccessDenied")
            return Reply(status=200, body=stored.data, etag=stored.etag, at=stored.at)

    def _put(self, key: str, stored: Stored | None, data: bytes, headers: dict[str, Any]) -> Reply:
        headers = {name: v for name, v in headers.items() if name not in self.ignored}
        if "If-None-Match" in headers and stored:
            return _error(412, "PreconditionFailed")
        if wanted := headers.get("If-Match"):
            if stored is None:
                return _error(404, "NoSuchKey")
            if stored.etag != wanted:
                return _error(412, "PreconditionFailed")
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        self.objects[key] = Stored(data=data, etag=etag, at=datetime.now(UTC))
        return Reply(status=200, etag=etag)

    def _list(self, prefix: str) -> Reply:
        if not self.may_list:
            return _error(403, "AccessDenied")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        listed = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        return Reply(status=200, body=body.encode())


def _error(status: int, code: str) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>{code}, as scripted</Message></Error>"
    return Reply(status=status, body=body.encode())
