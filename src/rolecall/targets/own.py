"""The keys that a target may have of its own, wherever it is described as a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from rolecall.settings.options import VARIABLES, WAVE, Option, options
from rolecall.settings.reading import text_of
from rolecall.settings.sources import BadValueError, clean
from rolecall.wording import nearest


def parsed(key: str, value: Any, *, beside: Iterable[str], whose: str) -> Any:
    """One key, parsed; the option's default where it is empty, which what guards may not be.

    Args:
        beside: keys that are text and no option. whose: has the keys, as messages call it.

    Raises:
        BadValueError: where the key is unknown, or the value will not do.
    """
    own, others = _options(), (*beside, "variables", "wave")
    if key not in own and key not in others:
        raise unknown(key, [*others, *own], whose)
    value = clean(value) if isinstance(value, str) else value
    if value in (None, "", [], {}):
        if key in own and own[key].guards:
            wrong = f"is empty, which {own[key].guards}; leave it out for what all targets have"
            raise BadValueError(wrong)
        return own[key].default if key in own else None
    if key == "variables":
        return VARIABLES.parse(value)
    if key == "wave":
        return WAVE.parse(value)
    return own[key].kind.parse(value) if key in own else text_of(value)


def unknown(key: str, known: Iterable[str], whose: str) -> BadValueError:
    """What to say of a key that is none."""
    near = nearest(str(key), known)
    hint = f"; did you mean {near}?" if near else f": {', '.join(known)}"
    return BadValueError(f"{key!r} is none of {whose} keys{hint}")


@cache
def _options() -> Mapping[str, Option]:
    return {option.key: option for option in options() if option.per_target}
