"""Tables and paragraphs that fit a width."""

from __future__ import annotations

from collections.abc import Sequence

from rolecall import wording
from rolecall.results import Result
from rolecall.targets import Target

_GAP = 3
_NARROWEST = 12


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


def results(outcomes: Sequence[Result], width: int) -> str:
    """What became of each target: name, account, region, result, time."""
    rows = [
        (r.target, r.account_id, r.region, str(r.status), wording.seconds(r.seconds))
        if r.started_at
        else (r.target, r.account_id, r.region, str(r.status), "")
        for r in outcomes
    ]
    names = ("target", "account", "region", "result", "time")
    return fitted(names, rows, width, flexible="target")


def _few(regions: Sequence[str]) -> str:
    more = f" +{len(regions) - 1}" if len(regions) > 1 else ""
    return f"{regions[0]}{more}" if regions else ""


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
    from prettytable import PrettyTable  # noqa: PLC0415  0.02 s that `--help` need not spend

    grid = PrettyTable(list(names), border=False, align="l", left_padding_width=0)
    grid.right_padding_width = _GAP - 1
    widths = [max(map(wording.columns, column)) for column in zip(names, *rows, strict=True)]
    others = sum(widths) - widths[names.index(flexible)] + _GAP * len(names)
    grid.max_width[flexible] = max(_NARROWEST, width - others)
    if then and (lacking := _NARROWEST - (width - others)) > 0:
        grid.max_width[then] = max(_NARROWEST, widths[names.index(then)] - lacking)
    grid.add_rows([list(row) for row in rows])
    # Without a border each line still begins with the blank that stands for it.
    return "\n".join(line[1:].rstrip() for line in grid.get_string().splitlines())
