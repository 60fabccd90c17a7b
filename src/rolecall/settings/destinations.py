"""Who is told of a run's outcome: webhooks, SNS topics, EventBridge buses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rolecall.secret import HIDDEN, Secret
from rolecall.settings.reading import from_json, text_of
from rolecall.settings.sources import BadValueError

WEBHOOK, TOPIC, BUS = "webhook", "topic", "bus"
_MOST = 10
_SECRET_FROM = 16  # characters; shorter ones say nothing, and may be words of a log
_ARN = r"arn:aws[a-z-]*:{}:([a-z]{{2,4}}(?:-[a-z]+)+-\d):\d{{12}}:{}"
_ARNS = {
    TOPIC: re.compile(_ARN.format("sns", r"[\w-]{1,256}(?:\.fifo)?"), re.ASCII),
    BUS: re.compile(_ARN.format("events", r"event-bus/[\w./-]{1,256}"), re.ASCII),
}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_RIGHT = "write an https:// address, or the ARN of an SNS topic or an EventBridge bus"


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """One of them.

    Attributes:
        kind: WEBHOOK, TOPIC or BUS. region: of a topic or a bus.
        address: the URL, which lets whoever knows it write there, or the ARN.
        shown: as it may be read by anybody.
    """

    kind: str
    address: Secret
    shown: str
    region: str = ""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be read: of a URL the whole, and what it asks for where that is long."""
        if self.kind != WEBHOOK:
            return ()
        asked = self.address.reveal().partition("://")[2].partition("/")[2]
        return (self.address, *([Secret(asked)] if len(asked) >= _SECRET_FROM else []))


@dataclass(frozen=True, slots=True)
class DestinationsKind:
    """Destinations apart by white space or commas, or a JSON list. No message quotes one."""

    name: str = "list"

    def parse(self, raw: Any) -> tuple[Destination, ...]:
        if isinstance(raw, str):
            raw = from_json(raw) if raw.startswith("[") else re.split(r"[\s,]+", raw)
        if not isinstance(raw, Sequence):
            raise BadValueError("is no list")
        given = [entry for entry in raw if entry not in ("", None)]
        if len(given) > _MOST:
            raise BadValueError(f"has {len(given)} destinations; at most {_MOST} are allowed")
        found = [self._destination(entry, number) for number, entry in enumerate(given)]
        if len(set(found)) < len(found):
            raise BadValueError("has a destination twice")
        return tuple(found)

    def _destination(self, entry: Any, number: int) -> Destination:
        try:
            return _read(text_of(entry))
        except BadValueError as error:
            wrong = f"destination {number + 1} {error}"
            raise BadValueError(wrong, path=(number,)) from None

    def schema(self) -> dict[str, Any]:
        items = {"type": "array", "items": {"type": "string"}, "maxItems": _MOST}
        return {"anyOf": [items, {"type": "string"}]}

    def show(self, value: Sequence[Destination]) -> str:
        return ",".join(destination.shown for destination in value)


def _read(text: str) -> Destination:
    for kind, pattern in _ARNS.items():
        if found := pattern.fullmatch(text):
            return Destination(kind=kind, address=Secret(text), shown=text, region=found[1])
    try:
        parts = urlsplit(text)
        host, user, _ = parts.hostname or "", parts.username, parts.port
    except ValueError:
        raise BadValueError(f"is no address; {_RIGHT}") from None
    if parts.scheme not in ("https", "http") or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise BadValueError(f"is neither an address nor an ARN; {_RIGHT}")
    if not re.fullmatch(r"[\x21-\x7e]+", text) or "\\" in text:
        raise BadValueError("has characters that no URL holds; percent-encode them")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise BadValueError("is not encrypted; write https://")
    if user is not None:
        raise BadValueError("has a user in it, which webhooks don't take; leave it out")
    shown = f"{parts.scheme}://{parts.netloc}/{HIDDEN}"
    return Destination(kind=WEBHOOK, address=Secret(text.partition("#")[0]), shown=shown)
