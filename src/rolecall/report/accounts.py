"""What became of the accounts of an organisation, in words."""

from __future__ import annotations

from rolecall import wording
from rolecall.report import table
from rolecall.targets.organization import Decision, Found


def summary(found: Found) -> str:
    """One line: how many accounts were taken, and how many left out by which reason."""
    taken, left = len(found.taken()), found.left()
    line = f"organisation: {taken:,} of {wording.count(len(found.decisions), 'account')} taken"
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in left.most_common())
    line += f"; left out: {reasons}" if left else ""
    if found.unused:
        terms = ", ".join(map(repr, found.unused))
        line += f"; exclude names {terms}, which leaves nothing out"
    return wording.printable(line)


def listed(found: Found, width: int) -> str:
    """A table of every account, and what became of it."""
    rows = [
        (
            decision.account.account_id,
            wording.printable(decision.account.name),
            wording.printable(decision.path),
            _verdict(decision),
        )
        for decision in found.decisions
    ]
    names = ("account", "name", "unit", "taken as")
    return table.fitted(names, rows, width, flexible="taken as")


def _verdict(decision: Decision) -> str:
    return decision.name if decision.taken else f"left out: {wording.printable(decision.reason)}"
