"""An STS of the tests' own: real HTTP and real XML on loopback, answers as scripted.

moto judges neither trust policies nor expiry nor throttling; this does what it is told.
`python -m support.sts --port 0 --latency 0.1` prints its address and serves until it is ended.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import secrets
import signal
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, TCPServer
from typing import Any, Self
from urllib.parse import parse_qsl

from support.answers import OK, Answer, Call, Issued, assume_role_xml, caller_xml, error, error_xml

_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(.*/)?[^/:]+")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


def _new_keys() -> tuple[str, str, str]:
    """A key id, a secret key and a session token, in the shape and length of real ones."""
    return (
        "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
        base64.b64encode(secrets.token_bytes(30)).decode(),
        base64.b64encode(secrets.token_bytes(258)).decode(),
    )


def _refusal(call: Call) -> Answer | None:
    """What STS says to a request that it can't read."""
    if call.action == "GetCallerIdentity":
        return None
    if call.action not in {"AssumeRole", "AssumeRoleWithWebIdentity"}:
        return error("InvalidAction", f"Could not find operation {call.action}")
    if not _ROLE.fullmatch(call.role_arn):
        return error("ValidationError", f"{call.role_arn} is invalid")
    session = call.params.get("RoleSessionName", "")
    if not _SESSION_NAME.fullmatch(session):
        return error("ValidationError", f"Value '{session}' at 'roleSessionName' is invalid")
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    owner: Any

    def server_bind(self) -> None:
        """Asks no name server what this address is called, as HTTPServer would."""
        TCPServer.server_bind(self)

    def shutdown_request(self, request: Any) -> None:
        """Closes without the polite end of a connection, which a reset must not have."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that were killed leave connections half-way, which is nothing to tell of."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Served:
    """A server in a thread, while the context lasts."""

    handler: type[BaseRequestHandler]

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._server = _Server((host, port), self.handler)
        self._server.owner = self
        self.url = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Says nothing: the tests look at `calls`."""

    def reply(self, status: int, body: str, *, date: datetime, cut: bool = False) -> None:
        data = body.encode()
        self.send_response_only(status)
        self.send_header("Date", format_datetime(date, usegmt=True))
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut


class _StsHandler(Handler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        params = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
        found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", self.headers.get("Authorization", ""))
        call = Call(
            action=params.pop("Action", ""),
            params=params,
            access_key_id=found[1] if found else "",
            at=time.monotonic(),
            region=found[2] if found else "",
        )
        sts: ScriptedSts = self.server.owner
        answer = sts.take(call)
        time.sleep(answer.delay + sts.latency)
        now = datetime.now(UTC) + timedelta(seconds=sts.clock_skew)
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif answer.code:
            self.reply(answer.status, error_xml(answer), date=now)
        elif answer.body:
            self.reply(answer.status, answer.body, date=now)
        else:
            self.reply(200, sts.answer(call, answer, now), date=now, cut=answer.half)


class ScriptedSts(Served):
    """STS that answers truly, save where `script` or `always` say otherwise.

    Args:
        lifetime: seconds that sessions live. latency: seconds added to each answer.
        clock_skew: seconds its clock is ahead. caller: the ARN of callers it gave no keys to.
        require_live_keys: whether keys of its own that have run out are refused.

    Attributes:
        judge: says no to a request by its own lights, once no script has an answer to it.
    """

    handler = _StsHandler

    def __init__(
        self,
        *,
        port: int = 0,
        lifetime: float = 3600,
        latency: float = 0,
        clock_skew: float = 0,
        caller: str = "arn:aws:iam::111111111111:user/hub",
        require_live_keys: bool = False,
    ) -> None:
        self.lifetime, self.latency, self.clock_skew = lifetime, latency, clock_skew
        self.caller, self.require_live_keys = caller, require_live_keys
        self.disabled: set[tuple[str, str]] = set()  # account id and region
        self.judge: Callable[[Call], Answer | None] = lambda _: None
        self.calls: list[Call] = []
        self.issued: dict[str, Issued] = {}
        self._scripts: dict[str, list[Answer]] = defaultdict(list)
        self._always: dict[str, Answer] = {}
        self._lock = threading.Lock()
        super().__init__(port)

    def script(self, role: str, *answers: Answer) -> None:
        """The next requests for roles whose ARN contains `role` get these answers, in turn."""
        with self._lock:
            self._scripts[role] += answers

    def always(self, role: str, answer: Answer) -> None:
        """Requests for roles whose ARN contains `role` get this answer, once scripts are empty."""
        with self._lock:
            self._always[role] = answer

    @property
    def secrets(self) -> list[str]:
        """Every secret key and token given out."""
        return [value for one in self.issued.values() for value in (one.secret, one.token)]

    def assumed(self, role: str = "") -> list[Call]:
        return [c for c in self.calls if c.action == "AssumeRole" and role in c.role_arn]

    def take(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            known = self.issued.get(call.access_key_id)
            if self.require_live_keys and known and known.expires < time.monotonic():
                return Answer(code="ExpiredToken", message="The token has expired", status=403)
            if known and (known.assumed_role_arn.split(":")[4], call.region) in self.disabled:
                why = "The security token included in the request is invalid."
                return Answer(code="InvalidClientTokenId", message=why, status=403)
            if refusal := _refusal(call):
                return refusal
            for role, answers in self._scripts.items():
                if role in call.role_arn and answers:
                    return answers.pop(0)
            if judged := self.judge(call):
                return judged
            return next((a for role, a in self._always.items() if role in call.role_arn), OK)

    def answer(self, call: Call, answer: Answer, now: datetime) -> str:
        if call.action == "GetCallerIdentity":
            known = self.issued.get(call.access_key_id)
            return caller_xml(known.assumed_role_arn if known else self.caller)
        _, partition, _, _, account, path = call.role_arn.split(":")
        role, session = path.rpartition("/")[2], call.params["RoleSessionName"]
        key_id, secret, token = _new_keys()
        issued = Issued(
            key_id=key_id,
            secret=secret,
            token=token,
            assumed_role_arn=(
                f"arn:{partition}:sts::{answer.account_id or account}:assumed-role/{role}/{session}"
            ),
            expires=time.monotonic() + self.lifetime,
            expiration=(now + timedelta(seconds=self.lifetime)).isoformat(),
        )
        with self._lock:
            self.issued[issued.key_id] = issued
        return assume_role_xml(issued, action=call.action)


class _ContainerHandler(Handler):
    def do_GET(self) -> None:
        owner: ContainerCredentials = self.server.owner
        owner.requests += 1
        until = datetime.now(UTC) + timedelta(seconds=owner.lifetime)
        document = {
            "AccessKeyId": owner.key_id,
            "SecretAccessKey": owner.secret,
            "Token": owner.token,
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.reply(200, json.dumps(document), date=datetime.now(UTC))


class ContainerCredentials(Served):
    """The endpoint through which CodeBuild and ECS give credentials. `lifetime` is in seconds."""

    handler = _ContainerHandler

    def __init__(self, *, lifetime: float = 3600) -> None:
        self.lifetime, self.requests = lifetime, 0
        self.secrets: list[str] = []
        self.rotate()
        super().__init__()

    def rotate(self) -> None:
        """Gives new ones from now on. `secrets` are the secret keys and tokens of all so far."""
        self.key_id, self.secret, self.token = _new_keys()
        self.secrets += [self.secret, self.token]

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}/creds"}


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--lifetime", type=float, default=3600)
    given = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with ScriptedSts(port=given.port, latency=given.latency, lifetime=given.lifetime) as sts:
        print(sts.url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
