"""The kinds whose values are several: lists, and pairs of name and value."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rolecall.settings.kinds import Kind, Text
from rolecall.settings.reading import from_json
from rolecall.settings.sources import BadValueError


@dataclass(frozen=True, slots=True)
class ListOf:
    """Values apart by commas or white space, or a JSON list; a trailing comma does no harm."""

    item: Text
    most: int = 10_000
    noun: str = "values"

    @property
    def name(self) -> str:
        return "list"

    def parse(self, raw: Any) -> tuple[str, ...]:
        if isinstance(raw, str):
            raw = from_json(raw) if raw.startswith("[") else re.split(r"[\s,]+", raw)
        if not isinstance(raw, Sequence):
            raise BadValueError("is no list")
        values = [self.item.parse(entry) for entry in raw if entry not in ("", None)]
        if len(values) > self.most:
            raise BadValueError(f"has {len(values)} {self.noun}; at most {self.most} are allowed")
        if len(set(values)) < len(values):
            twice = next(value for value, count in Counter(values).items() if count > 1)
            raise BadValueError(f"{twice!r} stands there twice")
        return tuple(values)

    def schema(self) -> dict[str, Any]:
        items = {"type": "array", "items": self.item.schema(), "maxItems": self.most}
        return {"anyOf": [items, {"type": "string"}]}

    def show(self, value: Any) -> str:
        return _shown(self, value, ",".join(value), list(value))


@dataclass(frozen=True, slots=True)
class Pairs:
    """`name=value` pairs apart by commas or newlines, or a JSON object.

    Attributes:
        folded: whether names that differ in case alone are one to whoever takes them.
    """

    key: Text
    value: Text
    most: int = 50
    folded: bool = False

    @property
    def name(self) -> str:
        return "pairs"

    def parse(self, raw: Any) -> tuple[tuple[str, str], ...]:
        if isinstance(raw, str):
            raw = from_json(raw) if raw.startswith("{") else self._split(raw)
        if not isinstance(raw, Mapping):
            raise BadValueError("is no set of name=value pairs")
        if len(raw) > self.most:
            raise BadValueError(f"has {len(raw)} pairs; at most {self.most} are allowed")
        if self.folded:
            _refuse_alike(raw)
        return tuple(self._pair(key, value) for key, value in raw.items())

    def _pair(self, key: str, value: Any) -> tuple[str, str]:
        try:
            name = self.key.parse(key)
        except BadValueError as error:
            raise BadValueError(str(error), path=(key,)) from None
        try:
            return name, self.value.parse(value)
        except BadValueError as error:
            raise BadValueError(f"{key!r}: {error}", path=(key,)) from None

    def _split(self, text: str) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
            key, sign, value = entry.partition("=")
            if not sign:
                raise BadValueError(f"{entry!r} has no '='; write name=value")
            if key.strip() in pairs:
                raise BadValueError(f"{key.strip()!r} stands there twice")
            pairs[key.strip()] = value.strip()
        return pairs

    def schema(self) -> dict[str, Any]:
        values = {"type": ["string", "number", "boolean"]}
        pairs = {"type": "object", "additionalProperties": values, "maxProperties": self.most}
        return {"anyOf": [pairs, {"type": "string"}]}

    def show(self, value: Any) -> str:
        return _shown(self, value, ",".join(f"{key}={text}" for key, text in value), dict(value))


def _refuse_alike(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise BadValueError(f"{name!r} and {other!r} differ in case alone; leave one out")


_BY_NAME = 'write such as {"eu-west-1": {"NAME": "value"}}'


@dataclass(frozen=True, slots=True)
class PairsByName:
    """Pairs for each of several names: a JSON object of objects."""

    outer: Text
    pairs: Pairs
    name: str = "object"

    def parse(self, raw: Any) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        if isinstance(raw, str) and raw.startswith("{"):
            raw = from_json(raw)
        if not isinstance(raw, Mapping):
            raise BadValueError(f"{_quoted(raw)}is no object; {_BY_NAME}")
        return tuple((self.outer.parse(name), self._pairs(name, raw[name])) for name in raw)

    def _pairs(self, name: str, raw: Any) -> tuple[tuple[str, str], ...]:
        written = isinstance(raw, Mapping) or (isinstance(raw, str) and "=" in raw)
        if raw and not written:
            why = f"{_quoted(raw)}is no set of variables; {_BY_NAME}"
            raise BadValueError(why, path=(name,))
        try:
            return self.pairs.parse(raw)
        except BadValueError as error:
            raise BadValueError(str(error), path=(name, *error.path)) from None

    def schema(self) -> dict[str, Any]:
        by_name = {"type": "object", "additionalProperties": self.pairs.schema()}
        return {"anyOf": [by_name, {"type": "string"}]}

    def show(self, value: Any) -> str:
        return "; ".join(f"{name}: {self.pairs.show(pairs)}" for name, pairs in value)


def _quoted(raw: Any) -> str:
    """The beginning of a text, to be named in a message; nothing of a list."""
    return f"{raw[:40]!r} " if isinstance(raw, str) else ""


def _shown(kind: Kind, value: Any, short: str, document: Any) -> str:
    """The short way to write a value; the long one, JSON, where the short one means another."""
    try:
        if kind.parse(short) == value:
            return short
    except BadValueError:
        pass
    return json.dumps(document, ensure_ascii=False)
