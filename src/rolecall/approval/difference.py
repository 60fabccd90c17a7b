"""How what would be done differs from what was approved, a line for each difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rolecall import wording
from rolecall.approval.record import COMMANDS, OPTIONS, SESSION, Record

_LONGEST = 60
_FIELDS = ("role_arn", "regions", "wave", *SESSION)


def differences(approved: Record, now: Record) -> Iterator[str]:
    """Targets that came, went or moved first, then what changed in each, then what is for all."""
    before, after = _by_name(approved), _by_name(now)
    for target in (after[name] for name in after if name not in before):
        yield f"+ {_named(target)} was added"
    for target in (before[name] for name in before if name not in after):
        yield f"- {_named(target)} is gone"
    yield from _order(list(before), list(after))
    for name in COMMANDS:
        yield from _commands(name, approved[name], now[name])
    for name in OPTIONS:
        yield from _value(name.upper(), approved["options"][name], now["options"][name])
    for name, target in after.items():
        if name in before:
            yield from _target(before[name], target)


def _by_name(found: Record) -> dict[str, Record]:
    return {target["name"]: target for target in found["targets"]}


def _named(target: Record) -> str:
    return f"{wording.printable(target['name'])} ({target['role_arn']})"


def _order(before: list[str], after: list[str]) -> Iterator[str]:
    """The order of deployment, of those that are in both."""
    both = set(before) & set(after)
    pairs = zip(
        (name for name in before if name in both),
        (name for name in after if name in both),
        strict=True,
    )
    for was, name in pairs:
        if was != name:
            yield f"~ the order changed: {name} comes where {was} came"
            return


def _commands(name: str, before: Record, after: Record) -> Iterator[str]:
    if before == after:
        return
    lines = ([line for item in c["items"] for line in item.splitlines()] for c in (before, after))
    for number, (was, line) in enumerate(zip_longest(*lines), 1):
        if was != line:
            yield f"~ {name}, line {number}: {_quoted(was)}, now {_quoted(line)}"
            return
    yield f"~ {name}: the same text, otherwise divided into commands"


def _quoted(line: str | None) -> str:
    if line is None:
        return "nothing"
    line = wording.printable(line.strip())
    return f"`{line[:_LONGEST]}…`" if len(line) > _LONGEST else f"`{line}`"


def _target(before: Record, after: Record) -> Iterator[str]:
    name = after["name"]
    for key in _FIELDS:
        yield from _value(f"{name}: {key}", before[key], after[key])
    was, variables = before["variables"], after["variables"]
    for key in sorted({*was, *variables}):
        if was.get(key) != variables.get(key):
            what = "changed" if key in was and key in variables else "was added"
            yield f"~ {name}: variable {key} {what if key in variables else 'is gone'}"


def _value(what: str, before: Any, after: Any) -> Iterator[str]:
    if before != after:
        yield f"~ {what} was {_shown(before)}, is {_shown(after)}"


def _shown(value: Any) -> str:
    if value in (None, "", []):
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return wording.printable(text)
