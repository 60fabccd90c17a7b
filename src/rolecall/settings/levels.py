"""Which value counts: a flag's, then a variable's, then the file's; and what an empty one means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolecall.errors import Problem
from rolecall.settings.options import Option, options
from rolecall.settings.sources import BadValueError, Raw

# Where to deploy. The targets stage reads their grammar, and so needs the place of each part.
LISTS = ("TARGETS", "ORGANIZATION")
_LEVELS = ("flag", "variable", "file")

Values = Mapping[str, Raw]


def winning(*levels: Values) -> tuple[dict[str, Raw], dict[str, Raw]]:
    """The value of each option that counts, and those that are empty and that none comes after.

    An empty variable or key is passed over, as if it were not given, where nothing is lost by it:
    not where it narrows or guards. An empty flag never is.

    Args:
        levels: what was given by name, that which wins first.
    """
    given: dict[str, Raw] = {}
    empty: dict[str, Raw] = {}
    for option in options():
        for raw in (level[option.name] for level in levels if option.name in level):
            if not _is_empty(option, raw):
                empty.pop(option.name, None)
                given[option.name] = raw
                break
            empty.setdefault(option.name, raw)
            if raw.origin == "flag" or option.narrows or option.guards:
                break
    return given, empty


def _is_empty(option: Option, raw: Raw) -> bool:
    if raw.empty:
        # A comma alone is a list, as of a template whose values are empty: it names no target.
        return not (option.name in LISTS and "," in (raw.value or ""))
    if not (option.narrows or option.guards):
        return False  # `[]` says in so many words that there are none
    try:
        return bool(option.kind.parse(raw.value) == ())
    except BadValueError:
        return False


def empty_mistakes(empty: Values) -> Iterator[tuple[str, Problem]]:
    """What is wrong with being empty, by the option's name."""
    for option in options():
        raw = empty.get(option.name)
        if raw is None:
            continue
        if option.guards:
            wrong = f"is empty, which {option.guards}; leave it out for that"
            yield option.name, Problem(raw.at(), wrong)
        elif raw.origin == "flag" and not option.narrows and option.name not in LISTS:
            wrong = "is given and empty; write a value, or leave the flag out"
            yield option.name, Problem(raw.at(), wrong)


def leaves_none(empty: Values) -> Raw | None:
    """What leaves no target by being empty: an option that narrows, or a flag that names them."""
    narrowing = {option.name for option in options() if option.narrows}
    found = (
        raw
        for name, raw in empty.items()
        if name in narrowing or (name in LISTS and raw.origin == "flag")
    )
    return next(found, None)


def one_list(given: dict[str, Raw], variables: dict[str, Raw]) -> list[Problem]:
    """Takes out what a flag replaces, and says so: a flag names all the targets.

    Args:
        variables: each `ROLECALL_TARGET_<NAME>`, which TARGETS may refer to.
    """
    flags = [name for name in LISTS if name in given and given[name].origin == "flag"]
    if len(flags) != 1:
        return []
    others = [given.pop(name) for name in LISTS if name in given and name not in flags]
    if flags == ["ORGANIZATION"]:
        others += variables.values()
        variables.clear()
    why = "which names all the targets"
    return [_gives_way(other, given[flags[0]], why) for other in others]


def one_policy(
    given: dict[str, Raw], values: dict[str, Any]
) -> tuple[list[Problem], list[Problem]]:
    """What is wrong, and what gives way, where some may fail and whatever fails is no matter."""
    if values.get("on_failure") != "continue" or values.get("max_failures") is None:
        return [], []
    names = sorted(("ON_FAILURE", "MAX_FAILURES"), key=lambda n: _LEVELS.index(given[n].origin))
    first, second = (given[name] for name in names)
    if first.origin == second.origin:
        wrong = (
            "makes no sense with ON_FAILURE=continue, which goes on whatever fails; leave one of"
            " them out: without ON_FAILURE, or with abort, the run stops once more than"
            " MAX_FAILURES failed"
        )
        return [Problem(given["MAX_FAILURES"].at(), wrong)], []
    del given[names[1]], values[names[1].lower()]
    why = "since MAX_FAILURES makes no sense with ON_FAILURE=continue"
    return [], [_gives_way(second, first, why)]


def _gives_way(raw: Raw, to: Raw, why: str) -> Problem:
    return Problem(raw.at(), f"gives way to {to.at()}, {why}")
