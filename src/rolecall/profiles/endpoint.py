"""Credentials over HTTP on loopback, for tools that know no `credential_process`."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any, cast

from rolecall.errors import FileError
from rolecall.files import create
from rolecall.profiles.private import PrivateProfile, document
from rolecall.secret import Secret
from rolecall.sessions.session import Session

_HOST, _PATH = "127.0.0.1", "/credentials"
_REQUEST_SECONDS = 10


class EndpointProfile(PrivateProfile):
    """A target's credentials at an address that only its commands know the token of.

    Its profile holds a region alone, and no variable names it: after a named profile without
    credentials an SDK need not look further.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """

    def __init__(self, folder: Path, name: str, *, region: str) -> None:
        super().__init__(folder, name, region=region)
        self._server: _Server | None = None
        self._token = Secret(secrets.token_urlsafe(32))

    def renew(self, session: Session) -> None:
        if self._server:
            self._server.answer = _answer(session)

    def variables(self) -> dict[str, str]:
        found = super().variables()
        del found["AWS_PROFILE"]
        if self._server:
            found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self._server.url
            found["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self._token.reveal()
        return found

    def secrets(self) -> tuple[Secret, ...]:
        return (self._token,)

    def remove(self) -> None:
        if self._server:
            self._server.end()
        super().remove()

    def _write(self, session: Session) -> None:
        named = [] if self.name == "default" else [f"profile {self.name}"]
        config = "".join(f"[{name}]\nregion = {self.region}\n" for name in ["default", *named])
        create(self.config, config.encode())
        create(self.credentials, b"")
        try:
            self._server = _Server(self._token, _answer(session))
        except OSError as error:
            raise FileError(
                f"no endpoint for the credentials: cannot listen on {_HOST} ({error.strerror});"
                " set ROLECALL_PROFILE_MODE to refreshing"
            ) from None
        self._server.begin()


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
    """Answers whoever knows the token, until `end`. Its answer may be replaced at any time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, token: Secret, answer: bytes) -> None:
        super().__init__((_HOST, 0), _Handler)
        self._port: int = self.socket.getsockname()[1]
        self.answer: bytes | None = answer
        self._token = token.reveal().encode()
        self.url = f"http://{_HOST}:{self._port}{_PATH}"
        self._thread = threading.Thread(target=self._run, name="credentials", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Gives nothing any more, also to who has connected already."""
        self.answer = None
        # It waits for a request rather than look every moment whether it is to end: give it one.
        with suppress(OSError), socket.create_connection((_HOST, self._port), _REQUEST_SECONDS):
            self._thread.join(_REQUEST_SECONDS)
        self.server_close()

    def known(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self._token)

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is no trouble of ours."""

    def _run(self) -> None:
        while self.answer is not None:
            self.handle_request()


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    wbufsize = -1

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        answer = server.answer
        if not server.known(self.headers.get("Authorization", "")):
            self._reply(401, b'{"code": "Unauthorized", "message": "this is not the token"}')
        elif self.path != _PATH:
            self._reply(404, b'{"code": "NotFound", "message": "there is /credentials alone"}')
        elif answer is None:
            self._reply(410, b'{"code": "Gone", "message": "the target has ended"}')
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
