"""`rolecall explain`: what a message means and what to do, without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rolecall import explanations
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import BAD_CONFIGURATION, SUCCEEDED
from rolecall.wording import harmless, nearest, wrapped


def command(words: str) -> int:
    """Prints the section that is meant; without words, a line for each. Returns the exit code."""
    output = TextOutlet(outlet())
    if not words:
        output.write(_lines(explanations.topics()))
        return SUCCEEDED
    found = explanations.found(words)
    if len(found) == 1:
        output.write(explanations.text(found[0]))
        return SUCCEEDED
    said, listed = _several(words, found) if found else _none(words)
    print(wrapped(harmless(f"rolecall: {said}"), 80, "", "  "), file=sys.stderr)
    print(_lines(listed, "  "), end="", file=sys.stderr)
    return BAD_CONFIGURATION


def _several(words: str, found: Iterable[str]) -> tuple[str, Iterable[str]]:
    return f"several topics tell of {words!r}; name the one that is meant:", found


def _none(words: str) -> tuple[str, Iterable[str]]:
    if near := nearest(words, explanations.topics()):
        return f"{words!r} is nothing that is explained; did you mean {near}?", [near]
    return f"{words!r} is nothing that is explained; the topics are:", explanations.topics()


def _lines(topics: Iterable[str], indent: str = "") -> str:
    titles = explanations.topics()
    return "".join(f"{indent}{topic:<32}{titles[topic]}\n" for topic in topics)
