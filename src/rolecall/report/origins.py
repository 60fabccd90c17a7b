"""What a report is of, for people: each thing that is known, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rolecall import wording
from rolecall.report.texts import Texts
from rolecall.results import Origin, Outcome

_LONGEST = 300
# An address that neither Markdown nor HTML takes for more, wherever it came from.
_PAGE = re.compile(r"https?://[\w.-]+(?::[0-9]+)?/[\w./~%:?=&#+-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A value as it is shown. `page` is the address that it leads to; empty where there is none."""

    text: str
    page: str = ""


def facts(outcome: Outcome, texts: Texts) -> Iterator[tuple[str, list[Value]]]:
    """What each thing is called, and its values: several where builds were merged."""
    for name, shown in _KINDS.items():
        values = dict.fromkeys(shown(origin, texts) for origin in outcome.origins)
        known = [value for value in values if value.text]
        if known:
            yield name, known


def lines(outcome: Outcome, texts: Texts) -> Iterator[str]:
    """A line for each, for a terminal."""
    for name, values in facts(outcome, texts):
        said = [f"{v.text} ({v.page})" if v.page not in ("", v.text) else v.text for v in values]
        yield f"{name}: {wording.some(said)}"


def _build(origin: Origin, texts: Texts) -> Value:
    page = texts.clean(origin.build_url)
    page = page if _PAGE.fullmatch(page) else ""
    name = texts.start(origin.build_id, _LONGEST) or page
    part = f" (shard {origin.shard})" if origin.shard != "1/1" and name else ""
    return Value(text=name + part, page=page)


def _plain(field: str) -> Callable[[Origin, Texts], Value]:
    return lambda origin, texts: Value(text=texts.start(getattr(origin, field), _LONGEST))


_KINDS: Mapping[str, Callable[[Origin, Texts], Value]] = {
    "Build": _build,
    "Pipeline execution": _plain("execution_id"),
    "Commit": _plain("commit"),
    "Caller": _plain("caller"),
    "Image": _plain("image"),
    "rolecall": _plain("rolecall"),
}
