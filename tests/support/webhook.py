"""A webhook of the tests' own: real HTTP on loopback, answers as scripted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from support.sts import Handler, Served

PATH = "/services/T0000/B0000/sEcReT0123456789"


class _WebhookHandler(Handler):
    def do_POST(self) -> None:  # noqa: N802  as http.server calls it
        hook: Webhook = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        hook.bodies.append(json.loads(body))
        hook.paths.append(self.path)
        hook.on_request()
        status = hook.statuses.pop(0) if hook.statuses else 200
        if status in (301, 302, 307, 308):
            self.send_response_only(status)
            self.send_header("Location", hook.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.reply(status, "ok", date=datetime.now(UTC))


class Webhook(Served):
    """Answers 200, save where `statuses` has others in turn; a redirect leads to `location`."""

    handler = _WebhookHandler

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        self.location = ""
        self.on_request: Callable[[], object] = lambda: None
        super().__init__()
        self.address = self.url + PATH
