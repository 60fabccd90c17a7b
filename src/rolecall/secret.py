"""Secrets that hide themselves, and the mask that takes them out of text."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rolecall.disguises import SHORTEST, base64_of, encoded, forms, hexadecimal
from rolecall.pieces import SHORTEST_PIECE, Anchors, anchors_of, broken_in, runs, without_pieces

HIDDEN: Final = "***"
_HIDDEN: Final = HIDDEN.encode()
_CAPITALS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIEVES: Final = tuple(
    bytes(sorted(set(range(256)) - set(kept)))
    for kept in (_CAPITALS, _CAPITALS + b"0123456789bfjkqvwxyz_+/%@#$&!*")
)
_SIGN: Final = 6
# What a secret key and a session token of AWS look like.
_LIKE_A_KEY: Final = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40,}(?![A-Za-z0-9/+])=*")
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


class _Known:
    """What a mask hides, made once and never changed, so that threads may share it.

    Text is searched for secrets in two steps, since the second takes a search for each form of each
    of them. Of the text only its capitals are kept, a few in a hundred bytes, and in these those of
    each form are looked for; only where they are found are all forms replaced. Forms with too few
    capitals are looked for in what a wider sieve keeps, or else by themselves.
    """

    def __init__(self, forms: Mapping[Secret, tuple[bytes, ...]], anchors: Anchors) -> None:
        self.of, self.anchors = forms, anchors
        # Longer ones go first, so that none leaves a part of another behind.
        found = {form for each in forms.values() for form in each}
        self.values = tuple(sorted(found, key=len, reverse=True))
        self.wrappable = tuple(
            form
            for secret, each in forms.items()
            for form in base64_of(encoded(secret.reveal()))
            if form in each and len(form) >= SHORTEST_PIECE
        )
        broken = frozenset(self.wrappable)
        signs: dict[bytes, set[bytes]] = {}
        for value in self.values:
            left_out, kept = _sieved(value)
            # Of what may be broken into lines, either end may come without the other.
            ends = {kept[:_SIGN], kept[-_SIGN:]} if value in broken else {kept}
            signs.setdefault(left_out, set()).update(ends)
        self.signs = tuple((left_out, tuple(ends)) for left_out, ends in signs.items())

    def also(self, secrets: Iterable[Secret]) -> _Known:
        more = {secret: forms(secret.reveal()) for secret in secrets}
        anchors = dict(self.anchors)
        for secret, each in more.items():
            anchors |= anchors_of([*each, *hexadecimal(secret.reveal())])
        return _Known({**self.of, **more}, anchors)

    def may_be_in(self, data: bytes) -> bool:
        for left_out, signs in self.signs:
            kept = data.translate(None, left_out) if left_out else data
            for sign in signs:
                if sign in kept:
                    return True
        return False


def _sieved(value: bytes) -> tuple[bytes, bytes]:
    """What to leave out, and what that keeps of a value: enough to know it by."""
    for left_out in _SIEVES:
        kept = value.translate(None, left_out)
        if len(kept) >= _SIGN:
            return left_out, kept
    return b"", value


class Mask:
    """Takes known secrets out of bytes. Safe to add to while other threads add or apply."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known = _Known({}, {})
        # Of these only a hash is kept, as there may be many thousands.
        self._issued: set[int] = set()
        self._spared: frozenset[Secret] = frozenset()
        self._adding = threading.Lock()
        self.add(secrets)

    def add(self, secrets: Iterable[Secret]) -> None:
        """Mask these too, as they are and as `disguises` has them.

        Fewer than six characters stand in too much other text, which nobody could read then.
        """
        new = {secret for secret in secrets if len(secret.reveal()) >= SHORTEST}
        with self._adding:
            new -= self._spared
            known = self._known
            if new := new - known.of.keys():
                self._known = known.also(new)

    def spare(self, texts: Iterable[str]) -> frozenset[Secret]:
        """Mask none of these, whatever else they are; returns those that were to be masked.

        They are what rolecall itself calls things, such as targets: a report without them is none.
        """
        with self._adding:
            self._spared |= {Secret(text) for text in texts}
            known = self._known
            if told := known.of.keys() & self._spared:
                self._known = _Known({}, {}).also(known.of.keys() - told)
        return frozenset(told)

    def issue(self, secrets: Iterable[Secret]) -> None:
        """Mask these keys and tokens too, as they are alone; in every mask made of this one."""
        self._issued.update(hash(encoded(secret.reveal())) for secret in secrets)

    def also(self, secrets: Iterable[Secret]) -> Mask:
        """A mask of its own that hides these beside what this one hides."""
        mask = Mask()
        mask._known, mask._issued, mask._spared = self._known, self._issued, self._spared
        mask.add(secrets)
        return mask

    def overlap(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret."""
        longest = 0
        for value in self._known.values:
            end = data[-min(len(data), len(value) - 1) :] if len(value) > 1 else b""
            start = end.find(value[:1])
            while start >= 0 and len(end) - start > longest:
                if value.startswith(end[start:]):
                    longest = len(end) - start
                start = end.find(value[:1], start + 1)
        return longest

    def apply(self, data: bytes) -> bytes:
        """The data without secrets, and without pieces of them that fill a line."""
        return self.follow(data)[0]

    def follow(
        self, data: bytes, broken: Iterable[bytes] = (), *, ended: bool = True
    ) -> tuple[bytes, tuple[bytes, ...]]:
        """The data without secrets, and the forms of which it had pieces: text that comes in parts.

        Args:
            broken: the forms of which the part before had pieces; they may go on in this one.
            ended: whether the data ends with a line; else pieces wait for the rest of it.
        """
        known = self._known
        suspects = dict.fromkeys(broken)
        if found := runs(data):
            if self._issued:
                data = _LIKE_A_KEY.sub(self._unless_issued, data)
            for forms_of_one in set(broken_in(found, known.anchors)):
                suspects |= dict.fromkeys(forms_of_one)
        if known.may_be_in(data):
            for value in known.values:
                data = data.replace(value, _HIDDEN)
            suspects |= dict.fromkeys(known.wrappable)
        still_broken = []
        for form in suspects if ended else ():
            without = without_pieces(data, form, _HIDDEN)
            if without is not data:
                data = without
                still_broken.append(form)
        return data, tuple(still_broken)

    def _unless_issued(self, found: re.Match[bytes]) -> bytes:
        alone = found[0].rstrip(b"=")  # what follows may be no padding
        known = hash(found[0]) in self._issued or hash(alone) in self._issued
        return _HIDDEN if known else found[0]

    def values(self, data: Any) -> Any:
        """Data with every text masked, and nothing else: a number or a key is no secret."""
        if isinstance(data, str):
            return self.apply(data.encode(errors="replace")).decode(errors="replace")
        if isinstance(data, Mapping):
            return {key: self.values(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.values(value) for value in data]
        return data

    def text(self, text: str) -> str:
        """The same for text, and for whatever looks like an access key id."""
        masked = self.apply(text.encode(errors="replace")).decode(errors="replace")
        return _ACCESS_KEY_ID.sub(HIDDEN, masked)
