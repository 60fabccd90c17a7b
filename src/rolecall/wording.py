"""How numbers and times are said to people."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

_MINUTE, _HOUR = 60, 3600
# CSI, OSC (ended by BEL or ST) and two-character sequences of ECMA-48.
ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\^_])"
)
# A colour, or bold; 8 would hide what follows.
_COLOUR = re.compile(r"\x1b\[(?:(?:[0-79]|[1-9][0-9]{1,2})(?:;(?=[0-9])|(?=m)))*m")
_SAYING = re.compile(r"[^\W_]")
# What turns the direction of the text around it stands beside the control characters.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def seconds(value: float) -> str:
    """A length of time as read at a glance: `0.4 s`, `12 s`, `3 m 05 s`, `1 h 02 m`."""
    value = round(value, 3)  # as reports keep it: read from one it is shown alike
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


def size(number: float) -> str:
    """Bytes as read at a glance: `840 B`, `12 MB`, `1.2 GB`."""
    for name in ("B", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004  units of the SI
            return f"{number:.1f} {name}" if number < 10 and name != "B" else f"{number:.0f} {name}"  # noqa: PLR2004
        number /= 1000
    return f"{number:.1f} TB"


def unit(names: Iterable[str]) -> str:
    """What is counted where there is a name for each: `deployment` where one stands twice.

    A target has a name, and may be deployed to in several regions.
    """
    listed = list(names)
    return "target" if len(set(listed)) == len(listed) else "deployment"


def some(words: Sequence[str], most: int = 8) -> str:
    """The first of the words, and how many more there are: `dev, tst and 9 more`."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def says_something(line: str) -> bool:
    """Whether there is a letter or a digit in it: `}` alone, or in colours, tells nothing."""
    return bool(_SAYING.search(ESCAPE_SEQUENCE.sub("", line)))


def printable(text: str) -> str:
    """The text with control characters spelt out, so that it can't steer a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in text)


def harmless(text: str, *, colours: bool = False) -> str:
    """Lines that can't steer a terminal, whoever wrote them; with `colours` these stay.

    Escape sequences go, as they would on the screen; other control characters are spelt out.
    """
    if text.isprintable():
        return text
    kept = _COLOUR if colours else None
    plain = ESCAPE_SEQUENCE.sub(lambda m: m[0] if kept and kept.fullmatch(m[0]) else "", text)
    parts = _COLOUR.split(plain) if colours else [plain]
    between = [*(_COLOUR.findall(plain) if colours else ()), ""]
    spelt = (CONTROL.sub(lambda m: repr(m[0])[1:-1], part) for part in parts)
    return "".join(part + after for part, after in zip(spelt, between, strict=True))


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
