"""Cuts the text of `TARGETS` into its entries.

Role names may hold `+ = , . @ - _`, so a comma separates only before the next `arn:`, `name=arn:`,
account id or list to read; white space always does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = r"[\w.@+-]{1,64}"
# Sections that AWS files cannot have: with botocore every profile would inherit what stands in the
# one; for the other the SDK for JavaScript refuses the whole file.
RESERVED = frozenset({"DEFAULT", "__proto__"})
LIST_PREFIXES = ("ssm:", "s3://", "file:")
_NEXT = re.compile(rf",+(?=(?:{NAME}=)?(?:arn:|\d{{12}}(?:,|$))|ssm:/|s3://|file:)", re.ASCII)
_VERBATIM = re.compile(r"arn:|ssm:/|s3://|file:")
_NAMED = re.compile(rf"({NAME})=(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as written: a name, if it has one, and the ARN, account id, word or list."""

    name: str
    value: str


def split(text: str) -> list[Entry]:
    """The entries of a list of targets, in order. Lines that begin with `#` are comments."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    words = " ".join(lines).split()
    pieces = (piece for word in words for piece in _pieces(word))
    return [entry(piece) for piece in pieces]


def _pieces(word: str) -> list[str]:
    pieces: list[str] = []
    for part in _NEXT.split(word.strip(",")):
        # What stands before an ARN or a list to read is words and ids, which have no commas.
        start = found.start() if (found := _VERBATIM.search(part)) else len(part)
        *words, last = part[:start].split(",")
        pieces += [*words, last + part[start:].rstrip(",")]
    return [piece for piece in pieces if piece]


def entry(text: str) -> Entry:
    """One entry taken as it stands: no separator is looked for in it."""
    if not text.startswith(("arn:", *LIST_PREFIXES)) and (match := _NAMED.fullmatch(text)):
        return Entry(match[1], match[2])
    return Entry("", text)
