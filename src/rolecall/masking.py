"""The variables whose values the user wants hidden."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from rolecall.disguises import SHORTEST
from rolecall.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What MASK names in an environment.

    Attributes:
        secrets: what is to be hidden. remarks: what can't be, each in one line that shows no value.
    """

    secrets: tuple[Secret, ...]
    remarks: tuple[str, ...]


def named(patterns: Sequence[str], variables: Iterable[tuple[str, str]]) -> Named:
    """The values of the variables that match a pattern, part by part.

    A value of several lines is each of them, since output is masked by lines; a JSON object is each
    of its texts, however deep, as well: Secrets Manager gives such.
    """
    given = sorted(variables)
    names = {name for name, _ in given}
    secrets: dict[Secret, None] = {}
    remarks = [
        f"{pattern} is not set, so that there is nothing to hide"
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in names)
    ]
    for name, value in given:
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        for where, part in _parts(name, value):
            if len(part) >= SHORTEST:
                secrets[Secret(part)] = None
            elif part:
                remarks.append(
                    f"{where} is not hidden: a value of fewer than {SHORTEST} characters stands in"
                    " too much other text; give it more"
                )
    return Named(secrets=tuple(secrets), remarks=tuple(dict.fromkeys(remarks)))


def below(value: Any) -> Iterator[tuple[str, str]]:
    """Every key with a text in an option that is written as a list or an object, however deep.

    Among them are the variables of targets and regions. It may be JSON, as in a variable.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):  # whoever reads the option says so
            return
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            yield from ((str(k), str(v)) for k, v in each.items() if isinstance(v, str | int))
            left += each.values()
        elif isinstance(each, list | tuple):
            left += each


def _parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield name, value
    yield from _lines(name, value)
    if value.lstrip().startswith("{"):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return
        yield from _texts(name, found)


def _lines(where: str, value: str) -> Iterator[tuple[str, str]]:
    """The lines, and all of them in one, which something may break into others."""
    lines = [line.strip() for line in value.splitlines()]
    together = ["".join(lines)] if len(lines) > 1 else []
    # The lines of a key or a document that are short are not what it hides.
    yield from (
        (where, line) for line in [*lines, *together] if value != line and len(line) >= SHORTEST
    )


def _texts(where: str, found: Any) -> Iterator[tuple[str, str]]:
    if isinstance(found, str):
        yield where, found
        yield from _lines(where, found)
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from _texts(f"{where}.{key}", value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(where, value)
