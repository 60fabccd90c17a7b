"""The kinds of value an option can take: each parses, shows and describes itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rolecall.settings.sources import BadValueError

_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Kind(Protocol):
    """What an option takes.

    Attributes:
        name: as the options table calls it.
    """

    @property
    def name(self) -> str: ...

    def parse(self, raw: Any) -> Any:
        """The value meant by text, or by the file's lists and mappings of text.

        Raises:
            BadValueError: with the value and what would be right.
        """

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value in `rolecall.yml`."""

    def show(self, value: Any) -> str:
        """The value as a user would write it."""


def text_of(raw: Any) -> str:
    """The text, where only text will do.

    Raises:
        BadValueError: for a list or a mapping.
    """
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return str(raw).lower()
    shape = "mapping" if isinstance(raw, Mapping) else "list"
    raise BadValueError(f"is a {shape}; write one value")


def from_json(text: str) -> Any:
    """JSON with each position said in words, and numbers kept as text.

    Raises:
        BadValueError: where it is not JSON, or an object has a key twice.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_object)
    except RecursionError:
        raise BadValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise BadValueError(
            f"starts as JSON but is not: {error.msg}, line {error.lineno} column {error.colno}"
        ) from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise BadValueError(f"has {twice!r} twice in one object")
    return found


def _shown(kind: Kind, value: Any, short: str, document: Any) -> str:
    """The short way to write a value; the long one, JSON, where the short one means another."""
    try:
        if kind.parse(short) == value:
            return short
    except BadValueError:
        pass
    return json.dumps(document, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Text:
    """One value, optionally of a pattern. `wanted` says in words what the pattern takes."""

    pattern: str = ""
    wanted: str = ""
    name: str = "text"

    def parse(self, raw: Any) -> str:
        text = text_of(raw)
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII):
            raise BadValueError(f"{text!r} will not do; write {self.wanted}")
        return text

    def schema(self) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        # A number in the file is read as the text it stands for.
        return {"type": ["string", "integer"], **pattern}

    def show(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return " or ".join([", ".join(self.words[:-1]), self.words[-1]])

    def parse(self, raw: Any) -> str:
        text = text_of(raw).lower()
        if text not in self.words:
            raise BadValueError(f"{text!r} is none of {', '.join(self.words)}")
        return text

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}

    def show(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false. Any other word is a mistake, not a no."""

    name: str = "true/false"

    def parse(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        text = text_of(raw).lower()
        if text in _YES | _NO:
            return text in _YES
        raise BadValueError(f"{text!r} is neither true nor false")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def show(self, value: Any) -> str:
        return str(value).lower()


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, both included."""

    least: int
    most: int
    name: str = "number"

    def parse(self, raw: Any) -> int:
        text = text_of(raw)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not self.least <= int(text) <= self.most:
            raise BadValueError(f"{text!r} is no whole number from {self.least} to {self.most}")
        return int(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def show(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Seconds:
    """A length of time in seconds, or with a unit: `90s`, `15m`, `1h`, `1h30m`."""

    least: float = 0
    most: float = 86_400
    name: str = "time"

    def parse(self, raw: Any) -> float:
        text = text_of(raw).lower().replace(" ", "")
        parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smh]?)", text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise BadValueError(f"{text!r} is no length of time; write 90, 90s, 15m or 1h")
        if any(not unit for _, unit in parts[:-1]):
            raise BadValueError(f"{text!r} is no length of time; write 90, 90s, 15m or 1h")
        value = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if not self.least <= value <= self.most:
            raise BadValueError(
                f"{text!r} is out of bounds; write from {self.show(self.least)}"
                f" to {self.show(self.most)}"
            )
        return value

    def schema(self) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "number", "minimum": self.least, "maximum": self.most},
                {"type": "string", "pattern": r"^(\d+(\.\d+)?[smh])*(\d+(\.\d+)?[smh]?)$"},
            ]
        }

    def show(self, value: Any) -> str:
        for unit in "hm":
            if value and value % _UNITS[unit] == 0:
                return f"{value // _UNITS[unit]:.0f}{unit}"
        return f"{value:g}s"


@dataclass(frozen=True, slots=True)
class ListOf:
    """Values apart by commas or white space, or a JSON list; a trailing comma does no harm."""

    item: Text
    most: int = 10_000
    noun: str = "values"
    empty_means: str = ""  # what a list without values would do, where that is a mistake

    @property
    def name(self) -> str:
        return "list"

    def parse(self, raw: Any) -> tuple[str, ...]:
        if isinstance(raw, str):
            raw = from_json(raw) if raw.startswith("[") else re.split(r"[\s,]+", raw)
        if not isinstance(raw, Sequence):
            raise BadValueError("is no list")
        values = [self.item.parse(entry) for entry in raw if entry not in ("", None)]
        if not values and self.empty_means:
            raise BadValueError(
                f"is an empty list, which {self.empty_means}; leave it out for that"
            )
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
    """`name=value` pairs apart by commas or newlines, or a JSON object."""

    key: Text
    value: Text
    most: int = 50

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


@dataclass(frozen=True, slots=True)
class PairsByName:
    """Pairs for each of several names: a JSON object of objects."""

    outer: Text
    pairs: Pairs
    name: str = "object"

    def parse(self, raw: Any) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        if isinstance(raw, str):
            raw = from_json(raw)
        if not isinstance(raw, Mapping):
            raise BadValueError('is no object; write such as {"eu-west-1": {"NAME": "value"}}')
        return tuple((self.outer.parse(name), self._pairs(name, raw[name])) for name in raw)

    def _pairs(self, name: str, raw: Any) -> tuple[tuple[str, str], ...]:
        try:
            return self.pairs.parse(raw)
        except BadValueError as error:
            raise BadValueError(str(error), path=(name, *error.path)) from None

    def schema(self) -> dict[str, Any]:
        by_name = {"type": "object", "additionalProperties": self.pairs.schema()}
        return {"anyOf": [by_name, {"type": "string"}]}

    def show(self, value: Any) -> str:
        return "; ".join(f"{name}: {self.pairs.show(pairs)}" for name, pairs in value)
