"""Tables and paragraphs that fit a width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rolecall import wording
from rolecall.results import Result
from rolecall.targets import Target

_GAP = 3
_NARROWEST = 12
_MOST_ABSENT = 20
# A word, or a part of one with the separator that ends it.
_PIECE = re.compile(r"[^\s/_.@=,:+-]*(?:[/_.@=,:+-]+|\s+|$)")


def plan(targets: Sequence[Target], width: int) -> str:
    """The targets in order: name, account, regions, role; the wave, where there are several."""
    columns = {
        "": [str(t.index) for t in targets],
        "wave": [str(t.wave) for t in targets],
        "target": [t.name for t in targets],
        "account": [t.account_id for t in targets],
        "region": [_few(t.regions) for t in targets],
        "role": [t.role.text.partition(":role/")[2] for t in targets],
    }
    if len(set(columns["wave"])) == 1:
        del columns["wave"]
    rows = list(zip(*columns.values(), strict=True))
    return fitted(list(columns), rows, width, flexible="role", then="target")


def results(outcomes: Sequence[Result], width: int, *, absent: Sequence[int] = ()) -> str:
    """What became of each target: name, account, region, result, time.

    Args:
        absent: the places of those of which nothing is known.
    """
    rows = [
        (r.target, r.account_id, r.region, str(r.status), wording.seconds(r.seconds))
        if r.started_at
        else (r.target, r.account_id, r.region, str(r.status), "")
        for r in outcomes
    ]
    rows += [(f"(target {place:,})", "", "", "in no report", "") for place in absent[:_MOST_ABSENT]]
    if (more := len(absent) - _MOST_ABSENT) > 0:
        rows.append((f"and {more:,} more", "", "", "in no report", ""))
    names = ("target", "account", "region", "result", "time")
    return fitted(names, rows, width, flexible="target")


def _few(regions: Sequence[str]) -> str:
    more = f" +{len(regions) - 1}" if len(regions) > 1 else ""
    return f"{regions[0]}{more}" if regions else ""


def _broken(text: str, width: int) -> str:
    """The text in lines of so many columns: between words, else after separators, else anywhere."""
    if not width or wording.columns(text) <= width:
        return text
    lines = [""]
    for piece in _PIECE.findall(text):
        if wording.columns((lines[-1] + piece).rstrip()) <= width:
            lines[-1] += piece
            continue
        lines = lines if lines[-1] else lines[:-1]
        rest = piece
        while wording.columns(rest.rstrip()) > width:
            kept = next(n for n in range(len(rest), 0, -1) if wording.columns(rest[:n]) <= width)
            lines.append(rest[:kept])
            rest = rest[kept:]
        lines.append(rest)
    return "\n".join(line.rstrip() for line in lines)


def fitted(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    flexible: str,
    then: str = "",
) -> str:
    """A table without borders; only the flexible column is wrapped, so that ids stay whole.

    Args:
        then: wrapped too, where that is not enough.
    """
    widths = [max(map(wording.columns, column)) for column in zip(names, *rows, strict=True)]
    others = sum(widths) - widths[names.index(flexible)] + _GAP * len(names)
    most = {flexible: max(_NARROWEST, width - others)}
    if then and (lacking := _NARROWEST - (width - others)) > 0:
        most[then] = max(_NARROWEST, widths[names.index(then)] - lacking)
    cells = [
        [_broken(cell, most.get(n, 0)).split("\n") for n, cell in zip(names, row, strict=True)]
        for row in (names, *rows)
    ]
    lines = [line for row in cells for line in zip_longest(*row, fillvalue="")]
    needed = [max(map(wording.columns, column)) for column in zip(*lines, strict=True)]
    gap = " " * _GAP
    return "\n".join(gap.join(map(wording.padded, line, needed)).rstrip() for line in lines)
