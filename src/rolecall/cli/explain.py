"""`rolecall explain`: what an option is, or a message means and what to do; without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from rolecall import explanations
from rolecall.cli.output import TextOutlet, outlet
from rolecall.errors import BAD_CONFIGURATION, SUCCEEDED
from rolecall.settings import reference
from rolecall.settings.options import Option, options
from rolecall.wording import harmless, nearest, wrapped

_WIDTH = 80
_OPTIONS = "`rolecall explain NAME` tells of an option too; `rolecall config --all` lists them"


def command(words: str) -> int:
    """Prints the option or section that is meant; without words, a line for each section.

    Returns the exit code.
    """
    output = TextOutlet(outlet())
    if not words:
        output.write(_lines(explanations.topics()))
        output.write(f"\n{wrapped(_OPTIONS, _WIDTH, '')}\n")
        return SUCCEEDED
    # A message names its section, which may be called nearly as an option is.
    if words not in explanations.topics() and (option := reference.named(words)):
        output.write("\n".join(_about(option)) + "\n")
        return SUCCEEDED
    found = explanations.found(words)
    if len(found) == 1:
        output.write(explanations.text(found[0]))
        return SUCCEEDED
    said, listed = _several(words, found) if found else _none(words)
    print(wrapped(harmless(f"rolecall: {said}"), _WIDTH, "", "  "), file=sys.stderr)
    print(_lines(listed, "  "), end="", file=sys.stderr)
    return BAD_CONFIGURATION


def _about(option: Option) -> Iterator[str]:
    """All that is known of an option, and the sections that tell more of it."""
    yield f"{option.name}\n"
    yield f"{wrapped(f'{option.help}.', _WIDTH, '')}\n"
    facts = reference.facts(option)
    column = max(map(len, facts)) + 2
    for name, fact in facts.items():
        form = reference.FORMS.get(fact) if name == "takes" else None
        text = f"{fact}: {form}" if form else fact
        yield wrapped(text, _WIDTH, f"  {name:<{column}}", " " * (column + 2))
    if topics := explanations.naming(option.name):
        yield ""
        yield from map(explanations.hint, topics)


def _several(words: str, found: Iterable[str]) -> tuple[str, Iterable[str]]:
    return f"several topics tell of {words!r}; name the one that is meant:", found


def _none(words: str) -> tuple[str, Iterable[str]]:
    wrong = f"{words!r} is nothing that is explained"
    if near := nearest(words, explanations.topics()):
        return f"{wrong}; did you mean {near}?", [near]
    if near := nearest(words.upper().replace("-", "_"), (option.name for option in options())):
        return f"{wrong}; did you mean {near}?", []
    return f"{wrong}; the topics are:", explanations.topics()


def _lines(topics: Iterable[str], indent: str = "") -> str:
    titles = explanations.topics()
    return "".join(f"{indent}{topic:<32}{titles[topic]}\n" for topic in topics)
