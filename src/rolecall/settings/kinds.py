"""The kinds of value an option can take: each parses, shows and describes itself.

Here are those of one value; `groups`, `amounts`, `documents` and others have the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from rolecall.settings.reading import text_of
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


@dataclass(frozen=True, slots=True)
class Text:
    """One value, optionally of a pattern. `wanted` says in words what the pattern takes.

    Attributes:
        ascii: whether letters and digits are those of ASCII alone. JSON schemas know no others.
    """

    pattern: str = ""
    wanted: str = ""
    name: str = "text"
    ascii: bool = True

    def parse(self, raw: Any) -> str:
        text = text_of(raw)
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII * self.ascii):
            raise BadValueError(f"{text!r} will not do; write {self.wanted}")
        return text

    def schema(self) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern and self.ascii else {}
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
