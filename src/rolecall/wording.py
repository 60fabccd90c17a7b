"""How numbers and times are said to people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

_MINUTE, _HOUR = 60, 3600


def seconds(value: float) -> str:
    """A length of time as read at a glance: `0.4 s`, `12 s`, `3 m 05 s`, `1 h 02 m`."""
    if value < 10:  # noqa: PLR2004  below ten seconds the tenth matters
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} m"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 target`, `4 targets`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def printable(text: str) -> str:
    """The text with control characters spelt out, so that it can't steer a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in text)


def columns(text: str) -> int:
    """How many columns a terminal gives the text, whose control characters are spelt out."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415  0.02 s that few names need

    return max(0, wcswidth(text))


def padded(text: str, width: int) -> str:
    """The text with blanks behind it, so that a terminal gives it so many columns or more."""
    return text + " " * (width - columns(text))


def clipped(text: str, width: int) -> str:
    """As much of the text as fits in so many columns, with `…` for what does not."""
    if columns(text) <= width:
        return text
    kept = text[: max(0, width - 1)]
    while kept and columns(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}…" if width > 0 else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that a mistyped one comes nearest to; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  only a mistake needs it

    return next(iter(get_close_matches(word, list(known), n=1)), "")


def wrapped(text: str, width: int, indent: str, subsequent: str | None = None) -> str:
    """A paragraph that fits; ARNs and paths stay whole, so that they can be copied."""
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if subsequent is None else subsequent,
        break_long_words=False,
        break_on_hyphens=False,
    )
