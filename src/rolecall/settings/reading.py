"""How a raw value is read before its kind looks at it: as one text, or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rolecall.settings.sources import BadValueError


def text_of(raw: Any) -> str:
    """The text, where only text will do.

    Raises:
        BadValueError: for a list or a mapping.
    """
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return str(raw).lower()
    shape = "mapping" if isinstance(raw, Mapping) else "list"
    raise BadValueError(f"is a {shape}; write one value")


def from_json(text: str) -> Any:
    """JSON with each position said in words, and numbers kept as text.

    Raises:
        BadValueError: where it is not JSON, or an object has a key twice.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_object)
    except RecursionError:
        raise BadValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise BadValueError(
            f"starts as JSON but is not: {error.msg}, line {error.lineno} column {error.colno}"
        ) from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise BadValueError(f"has {twice!r} twice in one object")
    return found
