"""What became of the accounts of an organisation, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolecall import wording
from rolecall.report import table

if TYPE_CHECKING:
    from rolecall.targets.organization import Decision, Found


def summary(found: Found) -> str:
    """One line: how many accounts were taken, and how many left out by which reason."""
    taken, left = len(found.taken()), found.left()
    line = f"organisation: {taken:,} of {wording.count(len(found.decisions), 'account')} taken"
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in left.most_common())
    line += f"; left out: {reasons}" if left else ""
    if found.unknown():
        line += "; what AWS says of their state is read by botocore>=1.40.27: install it"
    if found.unused:
        terms = ", ".join(map(repr, found.unused))
        line += f"; exclude names {terms}, which leaves nothing out"
    return wording.printable(line)


def listed(found: Found, width: int) -> str:
    """A table of every account, and what became of it."""
    decisions = found.decisions
    columns = {
        "account": [decision.account.account_id for decision in decisions],
        "name": [wording.printable(decision.account.name) for decision in decisions],
        "unit": [wording.printable(decision.path) for decision in decisions],
        "taken as": list(map(_verdict, decisions)),
    }
    if not any(columns["unit"]):  # of a whole organisation units are not read: each is a call
        del columns["unit"]
    rows = list(zip(*columns.values(), strict=True))
    then = "unit" if "unit" in columns else "name"
    return table.fitted(list(columns), rows, width, flexible="taken as", then=then)


def _verdict(decision: Decision) -> str:
    return decision.name if decision.taken else f"left out: {wording.printable(decision.reason)}"
