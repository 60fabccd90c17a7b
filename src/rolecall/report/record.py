"""`report.json`: what became of everything, in a documented shape.

The schema is in docs/report.schema.json. `version` rises when a field changes its meaning or goes;
new fields do not raise it.
"""

from __future__ import annotations

import json
import os
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
_READABLE = 0o644
FOLDER = 0o755


def obstacle(folder: Path) -> str:
    """Why no report can be written there, as far as a look tells; empty where none is seen."""
    path = folder / FILE_NAME
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return f"{path} is no plain file, and rolecall does not write in its place"
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
        return f"{folder} cannot be made: {there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there} cannot be written"


def prepare(folder: Path) -> None:
    """Makes the folder, tries whether it takes a report, and removes that of an earlier run.

    Raises:
        FileError: where it does not.
    """
    make_folder(folder, FOLDER)
    write_atomically(folder / FILE_NAME, b"", mode=_READABLE, durable=False)
    (folder / FILE_NAME).unlink()


def write(folder: Path, outcome: Outcome, mask: Mask) -> Path:
    """Writes `report.json`, masked, in one step, and returns its path.

    Raises:
        FileError: where it can't be written.
    """
    make_folder(folder, FOLDER)
    path = folder / FILE_NAME
    write_atomically(path, _pieces(outcome, mask), mode=_READABLE)
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
        "started_at": _time(outcome.started_at),
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
        "status": str(result.status),
        "started_at": _time(result.started_at) if result.started_at else None,
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


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
