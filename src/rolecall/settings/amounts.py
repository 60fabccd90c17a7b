"""The kinds of value that say how many: a count or a share, sizes of waves, a shard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rolecall.settings.reading import from_json, text_of
from rolecall.settings.sources import BadValueError

_REST = "rest"
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%")
_MOST = 100_000
_SIZES = "write sizes apart by commas, such as 1, 10%, rest"


@dataclass(frozen=True, slots=True)
class Amount:
    """A count, or a share in percent of what there is."""

    number: float
    percent: bool = False

    def of(self, total: int, *, least: int = 0) -> int:
        """How many that is of `total`: a share is rounded down, though not below `least`.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
        """
        found = int(total * self.number / 100) if self.percent else int(self.number)
        return max(least, found)

    def __str__(self) -> str:
        return f"{self.number:g}%" if self.percent else f"{self.number:.0f}"


@dataclass(frozen=True, slots=True)
class AmountKind:
    """A count from `least`, or a share: `3`, `10%`."""

    least: int = 0
    name: str = "count or share"

    def parse(self, raw: Any) -> Amount:
        text = text_of(raw)
        if share := _SHARE.fullmatch(text):
            if not 0 < (percent := float(share[1])) <= 100:  # noqa: PLR2004  percent
                raise BadValueError(f"{text!r} is no share; write over 0% and up to 100%")
            return Amount(percent, percent=True)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not self.least <= int(text) <= _MOST:
            raise BadValueError(
                f"{text!r} is neither a count from {self.least} nor a share such as 10%"
            )
        return Amount(int(text))

    def schema(self) -> dict[str, Any]:
        share = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*%?$"}
        return {"anyOf": [{"type": "integer", "minimum": self.least}, share]}

    def show(self, value: Amount) -> str:
        return str(value)


_ALL = Amount(100, percent=True)


@dataclass(frozen=True, slots=True)
class WavesKind:
    """The sizes of waves in order: `1, 10%, rest`. What they leave is a wave more."""

    name: str = "sizes"

    def parse(self, raw: Any) -> tuple[Amount, ...]:
        if isinstance(raw, str):
            raw = from_json(raw) if raw.startswith("[") else re.split(r"[\s,]+", raw)
        if not isinstance(raw, Sequence):
            raise BadValueError(f"is no list of sizes; {_SIZES}")
        words = [text_of(word) for word in raw if word not in ("", None)]
        if words and words[-1].lower() == _REST:
            words.pop()
            return (*map(_size, words), _ALL)
        return tuple(map(_size, words))

    def schema(self) -> dict[str, Any]:
        sizes = {"type": "array", "items": {"type": ["string", "integer"]}}
        return {"anyOf": [sizes, {"type": "string"}, {"type": "integer", "minimum": 1}]}

    def show(self, value: Sequence[Amount]) -> str:
        words = list(map(str, value))
        if len(words) > 1 and value[-1] == _ALL:
            words[-1] = _REST
        return ",".join(words)


def _size(word: str) -> Amount:
    if word.lower() == _REST:
        raise BadValueError(f"{word!r} is what the others leave, and stands last; {_SIZES}")
    try:
        return AmountKind(least=1).parse(word)
    except BadValueError as error:
        raise BadValueError(f"{error}; {_SIZES}") from None


PIN = "[0-9]{1,7}(?:-[0-9a-f]{8}){5}"
_SHARD = rf"([0-9]{{1,4}})\s*/\s*([0-9]{{1,4}})(?:@({PIN}))?"


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several processes that share the targets.

    Attributes:
        number: counts from 1. pin: what the list was when it was divided (`targets.pin`); empty
            where that was not said.
    """

    number: int = 1
    count: int = 1
    pin: str = ""

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def pinned(self) -> str:
        """As SHARD has it."""
        return f"{self}@{self.pin}" if self.pin else str(self)


@dataclass(frozen=True, slots=True)
class ShardKind:
    """`2/4`: the second of four; behind an `@`, of which list."""

    name: str = "i/n"

    def parse(self, raw: Any) -> Shard:
        text = text_of(raw)
        found = re.fullmatch(_SHARD, text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise BadValueError(f"{text!r} is no shard; write such as 1/4, up to 4/4")
        return Shard(int(found[1]), int(found[2]), found[3] or "")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_SHARD}$"}

    def show(self, value: Shard) -> str:
        return value.pinned
