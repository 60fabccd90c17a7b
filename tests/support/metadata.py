"""What gives the credentials of the machine: an EC2 instance's metadata, a container's endpoint."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from support.sts import Handler, Served

_ROLES = "/latest/meta-data/iam/security-credentials"


class _MachineHandler(Handler):
    def do_PUT(self) -> None:  # noqa: N802  http.server looks for it
        self.reply(200, "a-token-of-imdsv2", date=datetime.now(UTC))

    def do_GET(self) -> None:  # noqa: N802
        machine: Machine = self.server.owner
        machine.asked += 1
        path = self.path.rstrip("/")
        if path == _ROLES:
            self.reply(200, "hub", date=datetime.now(UTC))
        elif path == f"{_ROLES}/hub" or not path.startswith("/latest"):
            self.reply(200, json.dumps(machine.document()), date=datetime.now(UTC))
        elif path.endswith("/placement/availability-zone"):
            self.reply(200, "us-east-1a", date=datetime.now(UTC))
        else:
            self.reply(404, "", date=datetime.now(UTC))


class Machine(Served):
    """Gives these keys to whoever asks, as an instance's metadata and as a container's endpoint.

    Attributes:
        asked: how often.
    """

    handler = _MachineHandler

    def __init__(self, key_id: str, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.key_id, self.asked = key_id, 0
        super().__init__(port, host)

    def document(self) -> dict[str, str]:
        until = datetime.now(UTC) + timedelta(hours=6)
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": "2026-11-01T00:00:00Z",
            "AccessKeyId": self.key_id,
            "SecretAccessKey": "another+secret/key0000000000000000000000",
            "Token": "another-token-000000",
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
