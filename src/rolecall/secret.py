"""Secrets that hide themselves, and the mask that takes them out of text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "***"
_ACCESS_KEY_ID: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16,}\b")


class Secret:
    """A string whose `repr`, `str` and format never show it; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Mask:
    """Takes known secrets out of bytes. Safe to add to while another thread applies it."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._values: tuple[bytes, ...] = ()
        self.add(secrets)

    def add(self, secrets: Iterable[Secret]) -> None:
        """Mask these too; longer ones go first, so that none leaves a part of another behind."""
        new = {secret.reveal().encode() for secret in secrets} - {b""}
        self._values = tuple(sorted(new.union(self._values), key=len, reverse=True))

    def also(self, secrets: Iterable[Secret]) -> Mask:
        """A mask of its own that hides these beside what this one hides."""
        mask = Mask(secrets)
        mask._values = tuple(sorted({*mask._values, *self._values}, key=len, reverse=True))
        return mask

    def overlap(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret."""
        most = min(len(data), len(self._values[0]) - 1 if self._values else 0)
        for length in range(most, 0, -1):
            end = data[-length:]
            if any(value.startswith(end) for value in self._values):
                return length
        return 0

    def apply(self, data: bytes) -> bytes:
        hidden = HIDDEN.encode()
        for value in self._values:
            data = data.replace(value, hidden)
        return data

    def text(self, text: str) -> str:
        """The same for text, and for whatever looks like an access key id."""
        masked = self.apply(text.encode(errors="replace")).decode(errors="replace")
        return _ACCESS_KEY_ID.sub(HIDDEN, masked)
