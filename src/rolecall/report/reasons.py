"""Why targets were kept out, each reason once: many roles are mostly denied for one cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rolecall.results import Result, Status

_MOST_NAMED = 5


def kept_out(results: Iterable[Result]) -> Iterator[tuple[str, str, str]]:
    """The targets whose role could not be assumed, in words, with the reason and the remedy."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for result in results:
        if result.status is Status.NOT_ASSUMED:
            found.setdefault((result.reason, result.remedy), {})[result.target] = None
    for (reason, remedy), names in found.items():
        some = ", ".join(list(names)[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        yield f"{some}{more}", reason, remedy
