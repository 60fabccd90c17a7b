"""Tables and paragraphs that fit a width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rolecall import wording
from rolecall.results import Result, Status
from rolecall.targets import Target


def plan(targets: Sequence[Target], width: int) -> str:
    """The targets in order: name, account, regions, role."""
    rows = [
        (str(number), t.name, t.account_id, " ".join(t.regions), t.role.text.partition(":role/")[2])
        for number, t in enumerate(targets, 1)
    ]
    return _table(("", "target", "account", "region", "role"), rows, width)


def results(outcomes: Sequence[Result], width: int) -> str:
    """What became of each target: name, account, region, result, time."""
    rows = [
        (
            r.target,
            r.account_id,
            r.region,
            _result(r),
            wording.seconds(r.seconds) if r.seconds else "",
        )
        for r in outcomes
    ]
    return _table(("target", "account", "region", "result", "time"), rows, width)


def _result(result: Result) -> str:
    if result.status is Status.NOT_RUN and result.reason:
        return f"{result.status}: {result.reason}"
    return str(result.status)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    from prettytable import PrettyTable  # noqa: PLC0415  0.02 s that `--help` need not spend

    grid = PrettyTable(list(names), border=False, align="l", left_padding_width=0)
    grid.right_padding_width = 2
    grid.max_table_width = width
    grid.add_rows([list(row) for row in rows])
    return "\n".join(line.rstrip() for line in grid.get_string().splitlines())


def wrapped(text: str, width: int, indent: str) -> str:
    """A paragraph that fits; ARNs and paths stay whole, so that they can be copied."""
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
