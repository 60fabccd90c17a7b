"""`report.json` → Outcome: the inverse of record, so that every report comes of one model.

Fields that are not known are passed over, and those that older versions did not write have their
default: see record's `version`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rolecall.errors import FileError
from rolecall.files import read_plain
from rolecall.report.outputs import is_ours
from rolecall.report.record import FILE_NAME, VERSION
from rolecall.results import CommandResult, Given, Origin, Outcome, Plan, Result, Span, Status
from rolecall.settings.amounts import PIN

_LONGEST = 100 * 365 * 86_400
_MOST_TARGETS = 1_000_000
_SHARD = re.compile(r"[0-9]{1,4}/[0-9]{1,4}")


class _WrongError(Exception):
    """What is not as documented, and where."""


def read(path: Path) -> Outcome:
    """The Outcome of a run.

    Args:
        path: `report.json`, or the folder it is in.

    Raises:
        FileError: where it is missing, damaged, or of another version.
    """
    path = path / FILE_NAME if path.is_dir() else path
    try:
        return _outcome(_Node(json.loads(read_plain(path)), "the report"))
    except FileNotFoundError:
        raise FileError(
            f"{path} is not there: name the folder that `rolecall run` wrote its report to"
        ) from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    except _WrongError as error:
        raise FileError(f"{path} is no report that this rolecall can read: {error}") from None
    except (ValueError, RecursionError) as error:
        raise FileError(
            f"{path} is no JSON, or was cut off: {error}; only the whole file that `rolecall run`"
            " wrote will do"
        ) from None


@dataclass(frozen=True, slots=True)
class _Node:
    """A JSON object, and where it stands. What is absent or null has its default."""

    data: Mapping[str, Any]
    place: str

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            raise _WrongError(f"{self.place} is no JSON object")

    def text(self, key: str, *, needed: bool = False) -> str:
        value = self.data.get(key)
        if isinstance(value, str):
            return value
        if value is None and not needed:
            return ""
        raise self._wrong(key, "text")

    def word(self, key: str, *, needed: bool = False) -> str:
        """Text of one line, which names something: it can't add lines to what shows it."""
        value = self.text(key, needed=needed)
        if not value or value.isprintable():
            return value
        raise self._wrong(key, "one line of text")

    def shard(self) -> str:
        value = self.text("shard") or "1/1"
        if _SHARD.fullmatch(value):
            return value
        raise self._wrong("shard", "such as 1/4")

    def pin(self, key: str) -> str:
        value = self.text(key)
        if not value or re.fullmatch(PIN, value):
            return value
        raise self._wrong(key, "a digest of a list of targets")

    def flag(self, key: str) -> bool:
        value = self.data.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self._wrong(key, "true or false")

    def whole(self, key: str) -> int | None:
        value = self.data.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._wrong(key, "a whole number")

    def seconds(self, key: str) -> float:
        value = self.data.get(key, 0)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and 0 <= value < _LONGEST:
            return float(value)
        raise self._wrong(key, "a number of seconds")

    def moment(self, key: str) -> float | None:
        """Seconds since the epoch."""
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text) if text else None
        except ValueError:
            raise self._wrong(key, "a moment such as 2026-11-24T18:05:11Z") from None
        if found is None:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()

    def status(self) -> Status:
        try:
            return Status(self.data.get("status", ""))
        except ValueError:
            raise self._wrong("status", "one of " + ", ".join(Status)) from None

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(key, "a list of texts")
        return tuple(values)

    def flags(self) -> tuple[str, ...] | None:
        """Words that stand in a command to copy."""
        if self.data.get("flags") is None:
            return None
        found = self.texts("flags")
        known = len(found) % 2 == 0 and all(word.startswith("--") for word in found[::2])
        if not (known and all(map(str.isprintable, found))):
            raise self._wrong("flags", "flags, each with its value")
        return found

    def node(self, key: str) -> _Node | None:
        value = self.data.get(key)
        return None if value is None else _Node(value, key)

    def nodes(self, key: str) -> list[_Node]:
        return [_Node(value, f"{key}[{n}]") for n, value in enumerate(self._list(key))]

    def _list(self, key: str) -> list[Any]:
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def _wrong(self, key: str, wanted: str) -> _WrongError:
        if key not in self.data:
            return _WrongError(f"{self.place} has no {key}")
        found = json.dumps(self.data[key])
        shown = found if len(found) <= 40 else found[:39] + "…"  # noqa: PLR2004
        return _WrongError(f"in {self.place}, {key} is {shown} and not {wanted}")


def _outcome(node: _Node) -> Outcome:
    version = node.whole("version")
    if version is None:
        raise _WrongError("it has no version; a report.json of rolecall has")
    if version != VERSION:
        raise _WrongError(
            f"it is of version {version}, and this is for version {VERSION}; read it with the"
            f" rolecall that wrote it ({node.text('rolecall') or 'unknown'})"
        )
    if "results" not in node.data:
        raise _WrongError("it has no results")
    before, after, preflight = node.node("before"), node.node("after"), node.node("preflight")
    return Outcome(
        results=tuple(map(_result, node.nodes("results"))),
        before=_result(before) if before else None,
        after=_result(after) if after else None,
        plan=_plan(node.node("plan") or _Node({}, "plan")),
        preflight=_span(preflight) if preflight else None,
        preflight_failed=node.flag("preflight_failed"),
        signal_number=node.whole("signal"),
        started_at=node.moment("started_at") or 0.0,
        seconds=node.seconds("seconds"),
        bug=node.text("bug"),
        run_id=node.word("run_id"),
        shard=node.shard(),
        targets_in_all=min(_MOST_TARGETS, max(0, node.whole("targets_in_all") or 0)),
        missing=max(0, node.whole("missing") or 0),
        targets_digest=node.pin("targets_digest"),
        commands_digest=node.word("commands_digest"),
        origins=tuple(map(_origin, node.nodes("origins"))),
    )


def _origin(node: _Node) -> Origin:
    names = (field.name for field in fields(Origin) if field.name != "shard")
    return Origin(shard=node.shard(), **{name: node.word(name) for name in names})


def _plan(node: _Node) -> Plan:
    return Plan(
        options=tuple(
            Given(name=each.text("name"), value=each.text("value"), origin=each.text("origin"))
            for each in node.nodes("options")
        ),
        flags=node.flags(),
        before=node.texts("before"),
        commands=node.texts("commands"),
        after=node.texts("after"),
    )


def _span(node: _Node) -> Span:
    return Span(started_at=node.moment("started_at") or 0.0, seconds=node.seconds("seconds"))


def _result(node: _Node) -> Result:
    return Result(
        target=node.word("target", needed=True),
        account_id=node.word("account_id"),
        role_arn=node.word("role_arn"),
        region=node.word("region"),
        status=node.status(),
        index=max(0, node.whole("index") or 0),
        wave=max(0, node.whole("wave") or 0),
        started_at=node.moment("started_at"),
        seconds=node.seconds("seconds"),
        reason=node.text("reason"),
        remedy=node.text("remedy"),
        commands=tuple(_command(each, node.place) for each in node.nodes("commands")),
        log=log if is_ours(log := node.text("log")) else "",
    )


def _command(node: _Node, parent: str) -> CommandResult:
    node = _Node(node.data, f"{parent}.{node.place}")
    return CommandResult(
        command=node.text("command", needed=True),
        status=node.status(),
        exit_code=node.whole("exit_code"),
        started_at=node.moment("started_at"),
        seconds=node.seconds("seconds"),
        reason=node.text("reason"),
        tail=node.texts("tail"),
    )
