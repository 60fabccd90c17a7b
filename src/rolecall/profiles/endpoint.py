"""Credentials over HTTP on loopback, for tools that know no `credential_process`."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Self, cast

from rolecall.logs import Log
from rolecall.profiles.private import document
from rolecall.secret import Secret
from rolecall.sessions.session import Session
from rolecall.stop import started

_HOST, _PATH = "127.0.0.1", "/credentials"
_REQUEST_SECONDS = 10


class Endpoint:
    """One server for all targets of a run; each target has a token, and gets its own session by it.

    It listens from the first offer on, until the context ends. Safe in many threads.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html

    Attributes:
        refused: why nobody can be served on this machine; empty where that is not so.
    """

    def __init__(self) -> None:
        self.refused = ""
        self._server: _Server | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._server:
            self._server.end()

    def offer(self, session: Session) -> Offer | None:
        """The session for whoever has a token; None where the machine lets nobody listen."""
        with self._starting:
            if not self._server and not self.refused:
                self._begin()
        return Offer(self._server, session) if self._server else None

    def _begin(self) -> None:
        try:
            server = _Server()
            server.begin()
        except OSError as error:
            self.refused = f"cannot listen on {_HOST} ({error.strerror})"
            Log().warning("endpoint_not_opened", reason=self.refused)
        else:
            self._server = server


class Offer:
    """One target's credentials, at an address that only its commands know the token of."""

    def __init__(self, server: _Server, session: Session) -> None:
        self._server, self._token = server, Secret(secrets.token_urlsafe(32))
        self.renew(session)

    def renew(self, session: Session) -> None:
        self._server.answers[_digest(self._token.reveal())] = _answer(session)

    def withdraw(self) -> None:
        """Gives nothing any more, also to who has connected already."""
        self._server.answers.pop(_digest(self._token.reveal()), None)

    def variables(self) -> Mapping[str, str]:
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._server.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token.reveal(),
        }

    def secrets(self) -> tuple[Secret, ...]:
        return (self._token,)


def _digest(token: str) -> bytes:
    """What answers are kept by: how long it takes to look one up tells nothing of a token."""
    return sha256(token.encode(errors="replace")).digest()


def _answer(session: Session) -> bytes:
    keys = document(session)
    answer = {
        "AccessKeyId": keys["AccessKeyId"],
        "SecretAccessKey": keys["SecretAccessKey"],
        "Token": keys["SessionToken"],
        "Expiration": keys["Expiration"].replace("+00:00", "Z"),  # as ECS writes it
    }
    return json.dumps(answer).encode()


class _Server(ThreadingTCPServer):
    """Answers whoever has a token, until `end`.

    Attributes:
        answers: what to give, by the digest of the token. It may be changed at any time.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Handler)
        self._port: int = self.socket.getsockname()[1]
        self.answers: dict[bytes, bytes] = {}
        self.url = f"http://{_HOST}:{self._port}{_PATH}"
        self._over = False
        self._thread = threading.Thread(target=self._run, name="credentials", daemon=True)

    def begin(self) -> None:
        """Raises OSError where the machine has no thread more to give."""
        try:
            started(self._thread)
        except OSError:
            self.server_close()
            raise

    def end(self) -> None:
        self._over = True
        self.answers.clear()
        # It waits for a request rather than look every moment whether it is to end: give it one.
        with suppress(OSError), socket.create_connection((_HOST, self._port), _REQUEST_SECONDS):
            self._thread.join(_REQUEST_SECONDS)
        self.server_close()

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is no trouble of ours."""

    def _run(self) -> None:
        while not self._over:
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    wbufsize = -1

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        answer = server.answers.get(_digest(self.headers.get("Authorization", "")))
        if answer is None:
            self._reply(401, b'{"code": "Unauthorized", "message": "no target has this token"}')
        elif self.path != _PATH:
            self._reply(404, b'{"code": "NotFound", "message": "there is /credentials alone"}')
        else:
            self._reply(200, answer)

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Says nothing: standard error is the log's."""
