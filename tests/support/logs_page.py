"""docs/logs.md as data: each event with its fields, and the queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[2] / "docs" / "logs.md").read_text("utf-8")
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_SAME = re.compile(r"The fields of \[`(\w+)`\]")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "true/false": (bool,),
    "list": (list,),
    "object": (dict,),
    "null": (type(None),),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field: what it may hold, and whether it may be missing."""

    types: tuple[type, ...]
    optional: bool


def events() -> dict[str, dict[str, Field]]:
    """The fields of each event, with those that all of them have."""
    head, _, rest = PAGE.partition("\n## Events\n")
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", rest, re.MULTILINE | re.DOTALL))
    same = {name: found[1] for name, text in sections.items() if (found := _SAME.search(text))}
    return {
        name: _fields(head) | _fields(sections[same.get(name, name)])
        for name in sections
        if name.islower()
    }


def overview() -> list[tuple[str, str, str]]:
    """Each event of the table at the top of its part, with its level and its release."""
    return re.findall(r"^\| \[`(\w+)`\]\(#\1\) \| (\w+) \| ([\d.]+) \|", PAGE, re.MULTILINE)


def queries() -> dict[str, str]:
    """The queries by their headings."""
    found = re.findall(
        r"^### ([^\n]+)\n(?:(?!^#).)*?^```insights\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    return dict(found)


def mistakes(event: Mapping[str, Any]) -> list[str]:
    """Where an event of a real log is not what the page says."""
    fields = events().get(event["event"])
    if fields is None:
        return [f"{event['event']} is not on the page"]
    missing = [n for n, field in fields.items() if not field.optional and n not in event]
    wrong = [n for n in event if n not in fields or not isinstance(event[n], fields[n].types)]
    return [f"{event['event']}: {name}" for name in (*missing, *wrong)]


def _fields(text: str) -> dict[str, Field]:
    return {name: _field(kind) for name, kind, _ in _ROW.findall(text)}


def _field(kind: str) -> Field:
    said, _, optional = kind.partition(", ")
    types = tuple(one for word in said.split(" or ") for one in _TYPES[word])
    return Field(types=types, optional=optional == "optional")
