"""`report.json`: what became of everything, in a documented shape.

The schema is in docs/report.schema.json. `version` rises when a field changes its meaning or goes;
new fields do not raise it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rolecall
from rolecall.files import make_folder, write_atomically
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask

VERSION = 1
FILE_NAME = "report.json"
READABLE = 0o644
FOLDER = 0o755


def write(folder: Path, outcome: Outcome, mask: Mask) -> Path:
    """Writes `report.json`, masked, in one step, and returns its path.

    Raises:
        FileError: where it can't be written.
    """
    make_folder(folder, FOLDER)
    path = folder / FILE_NAME
    write_atomically(path, _pieces(outcome, mask), mode=READABLE)
    return path


def _pieces(outcome: Outcome, mask: Mask) -> Iterator[bytes]:
    """The report, one Result at a time: ten thousand at once would be a lot of text."""

    def masked(data: Any, indent: int | None = None) -> bytes:
        text = json.dumps(data, indent=indent, ensure_ascii=False)
        return mask.apply(text.encode(errors="replace"))

    yield masked(_head(outcome), 1).removesuffix(b"\n}") + b',\n "results": ['
    for number, result in enumerate(outcome.results):
        yield (b",\n  " if number else b"\n  ") + masked(result_record(result))
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
        "counts": {str(status): outcome.count(status) for status in Status},
        "before": result_record(outcome.before) if outcome.before else None,
        "after": result_record(outcome.after) if outcome.after else None,
        "bug": outcome.bug or None,
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
        "commands": [command_record(command) for command in result.commands],
    }


def command_record(command: CommandResult) -> dict[str, Any]:
    """One CommandResult as data."""
    return {
        "command": command.command,
        "status": str(command.status),
        "exit_code": command.exit_code,
        "seconds": round(command.seconds, 3),
        "reason": command.reason,
        "tail": list(command.tail),
    }


def moment(epoch: float) -> str:
    """Seconds since the epoch in ISO 8601, UTC."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
