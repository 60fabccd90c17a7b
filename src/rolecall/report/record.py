"""`report.json`: what became of everything, in a documented shape.

The schema is in docs/report.schema.json. `version` rises when a field changes its meaning or goes;
new fields do not raise it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rolecall
from rolecall.explanations import topic_of
from rolecall.files import make_folder, write_atomically
from rolecall.results import CommandResult, Outcome, Plan, Result, Status
from rolecall.secret import Mask

if TYPE_CHECKING:
    from rolecall.targets.organization import Decision, Found

VERSION = 1
FILE_NAME = "report.json"
READABLE = 0o644
FOLDER = 0o755


def write(folder: Path, outcome: Outcome, mask: Mask, found: Found | None = None) -> Path:
    """Writes `report.json`, masked, in one step, and returns its path.

    Args:
        found: the accounts of the organisation; None where it was not read.

    Raises:
        FileError: where it can't be written.
    """
    make_folder(folder, FOLDER)
    path = folder / FILE_NAME
    write_atomically(path, rendered(outcome, mask, found), mode=READABLE)
    return path


def rendered(outcome: Outcome, mask: Mask, found: Found | None = None) -> Iterator[bytes]:
    """The report, one Result at a time: ten thousand at once would be a lot of text."""

    def masked(data: Any, indent: int | None = None) -> bytes:
        text = json.dumps(mask.values(data), indent=indent, ensure_ascii=False)
        return text.encode(errors="replace")

    def listed(records: Iterable[Any]) -> Iterator[bytes]:
        for number, record in enumerate(records):
            yield (b",\n  " if number else b"\n  ") + masked(record)

    yield masked(_head(outcome), 1).removesuffix(b"\n}") + b',\n "organization": '
    if found:
        yield b'{"unused": ' + masked(found.unused) + b', "accounts": ['
        yield from listed(map(decision_record, found.decisions))
        yield b"\n ]}"
    else:
        yield b"null"
    yield b',\n "results": ['
    yield from listed(map(result_record, outcome.results))
    yield b"\n ]\n}\n"


def _head(outcome: Outcome) -> dict[str, Any]:
    return {
        "version": VERSION,
        "rolecall": rolecall.__version__,
        "started_at": moment(outcome.started_at),
        "seconds": round(outcome.seconds, 3),
        "exit_code": outcome.exit_code,
        "signal": outcome.signal_number,
        "preflight_failed": outcome.preflight_failed,
        "run_id": outcome.run_id,
        "shard": outcome.shard,
        "targets_in_all": outcome.targets_in_all,
        "missing": outcome.missing,
        "targets_digest": outcome.targets_digest,
        "commands_digest": outcome.commands_digest,
        "origins": [asdict(origin) for origin in outcome.origins],
        "preflight": {
            "started_at": moment(outcome.preflight.started_at),
            "seconds": round(outcome.preflight.seconds, 3),
        }
        if outcome.preflight
        else None,
        "counts": {str(status): outcome.count(status) for status in Status},
        "plan": _plan(outcome.plan),
        "before": result_record(outcome.before) if outcome.before else None,
        "after": result_record(outcome.after) if outcome.after else None,
        "bug": outcome.bug or None,
    }


def decision_record(decision: Decision) -> dict[str, Any]:
    """What became of one account of the organisation, as data."""
    return {
        "account_id": decision.account.account_id,
        "name": decision.account.name,
        "unit": decision.path,
        "target": decision.name if decision.taken else None,
        "reason": decision.reason,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "options": [{"name": o.name, "value": o.value, "origin": o.origin} for o in plan.options],
        "flags": None if plan.flags is None else list(plan.flags),
        "before": list(plan.before),
        "commands": list(plan.commands),
        "after": list(plan.after),
    }


def result_record(result: Result) -> dict[str, Any]:
    """One Result as data."""
    return {
        "target": result.target,
        "account_id": result.account_id,
        "role_arn": result.role_arn,
        "region": result.region,
        "index": result.index,
        "wave": result.wave,
        "status": str(result.status),
        "started_at": moment(result.started_at) if result.started_at else None,
        "seconds": round(result.seconds, 3),
        "reason": result.reason,
        "remedy": result.remedy,
        "topic": topic_of(result.reason) if result.reason else "",
        "commands": [command_record(command) for command in result.commands],
        "log": result.log or None,
        "artifacts": result.artifacts or None,
    }


def command_record(command: CommandResult) -> dict[str, Any]:
    """One CommandResult as data."""
    return {
        "command": command.command,
        "status": str(command.status),
        "exit_code": command.exit_code,
        "started_at": moment(command.started_at) if command.started_at else None,
        "seconds": round(command.seconds, 3),
        "reason": command.reason,
        "tail": list(command.tail),
    }


def minute(epoch: float) -> str:
    """Seconds since the epoch as people read them."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def moment(epoch: float) -> str:
    """Seconds since the epoch in ISO 8601, UTC."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
