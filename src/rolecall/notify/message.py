"""What is told of an outcome: data for programs, and a text for people.

The schema of the data is in docs/notification.schema.json. `version` rises when a field changes its
meaning or goes; new fields do not raise it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rolecall
from rolecall.report.digest import GRAVEST_FIRST, in_time, verdict
from rolecall.report.record import moment
from rolecall.results import Origin, Outcome, Result, Status
from rolecall.wording import count, seconds

VERSION = 1
# SNS and EventBridge take 256 KB. So many targets with such reasons are less, however a reason's
# characters are escaped; a chat shows a few lines.
_MOST_LISTED = 50
_MOST_SAID = 10
_LONGEST_REASON = 300


def title(outcome: Outcome) -> str:
    """The outcome in less than a hundred characters."""
    return f"rolecall: {_ended(outcome)}"


def text(outcome: Outcome, origin: Origin) -> str:
    """The outcome in a few lines. `origin` is of whoever tells it."""
    lines = [f"{title(outcome)} ({seconds(outcome.seconds)}, exit code {outcome.exit_code})"]
    bad = list(_bad(outcome))
    lines += [_line(result) for result in bad[:_MOST_SAID]]
    if more := len(bad) - _MOST_SAID:
        lines += [f"and {more:,} more"] if more > 0 else []
    lines += [f"pipeline execution {origin.execution_id}"] if origin.execution_id else []
    return "\n".join([*lines, *filter(None, [origin.build_url])])


def data(outcome: Outcome, origin: Origin, report: str = "") -> dict[str, Any]:
    """The outcome as the schema has it, without the text.

    Args:
        origin: as of `text`. report: the path of report.json; empty where there is none.
    """
    bad = list(_bad(outcome))
    return {
        "version": VERSION,
        "rolecall": rolecall.__version__,
        "result": _result(outcome),
        "exit_code": outcome.exit_code,
        "signal": outcome.signal_number,
        "preflight_failed": outcome.preflight_failed,
        "started_at": moment(outcome.started_at),
        "seconds": round(outcome.seconds, 3),
        "shard": outcome.shard,
        "targets_in_all": outcome.targets_in_all,
        "missing": outcome.missing,
        "counts": {str(status): outcome.count(status) for status in Status},
        "failed": [_record(result) for result in bad[:_MOST_LISTED]],
        "failed_more": max(0, len(bad) - _MOST_LISTED),
        "report": report,
        "execution_id": origin.execution_id,
        "build_id": origin.build_id,
        "build_url": origin.build_url,
    }


def _result(outcome: Outcome) -> str:
    if outcome.bug:
        return "bug"
    if outcome.signal_number is not None:
        return "interrupted"
    return "succeeded" if outcome.exit_code == 0 else "failed"


def _ended(outcome: Outcome) -> str:
    said = verdict(outcome) or count(0, "target")
    said += f", {outcome.missing:,} in no report" if outcome.missing else ""
    lead = {"bug": "a bug of its own, ", "interrupted": "interrupted, "}
    return lead.get(_result(outcome), "") + said


def _bad(outcome: Outcome) -> Iterator[Result]:
    """What did not go well, gravest first; what was not run follows from the rest."""
    for status in GRAVEST_FIRST:
        if status in (Status.FAILED, Status.NOT_ASSUMED):
            found = [result for result in outcome.everything if result.status is status]
            yield from in_time(found) if status is Status.FAILED else found


def _line(result: Result) -> str:
    where = " ".join(filter(None, [result.account_id, result.region]))
    return f"{result.target}{f' ({where})' if where else ''}: {result.status}: {_reason(result)}"


def _record(result: Result) -> dict[str, str]:
    return {
        "target": result.target,
        "account_id": result.account_id,
        "region": result.region,
        "status": str(result.status),
        "reason": _reason(result),
    }


def _reason(result: Result) -> str:
    said = result.failed_command.reason if result.failed_command else result.reason
    return said if len(said) <= _LONGEST_REASON else said[: _LONGEST_REASON - 1] + "…"
