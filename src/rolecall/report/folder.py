"""Everything that REPORT_DIR gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rolecall.files import make_folder, write_atomically
from rolecall.report import exports, junit, record
from rolecall.results import Outcome
from rolecall.secret import Mask
from rolecall.targets.organization import Found

FILES = (record.FILE_NAME, junit.FILE_NAME, exports.FILE_NAME)


def obstacle(folder: Path) -> str:
    """Why nothing can be written there, as far as a look tells; empty where none is seen."""
    for name in FILES:
        path = folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return f"{path} is no plain file, and rolecall does not write in its place"
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
        return f"{folder} cannot be made: {there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there} cannot be written"


def prepare(folder: Path) -> None:
    """Makes the folder, tries whether it takes files, and removes those of an earlier run.

    Raises:
        FileError: where it does not.
    """
    make_folder(folder, record.FOLDER)
    for name in FILES:
        write_atomically(folder / name, b"", durable=False)
        (folder / name).unlink()


def write(
    folder: Path,
    outcome: Outcome,
    *,
    found: Found | None = None,
    commands: Sequence[str],
    mask: Mask,
    working: Path,
) -> Path:
    """Writes `report.json`, `junit.xml` and `exports.sh`; returns the path of the first.

    Args:
        found: the accounts of the organisation; None where it was not read.
        commands: what was to run in each target.
        working: the working folder: the path returned is relative to it where that can be.

    Raises:
        FileError: where one can't be written.
    """
    path = record.write(folder, outcome, mask, found)
    shown = path.relative_to(working) if path.is_relative_to(working) else path
    exports.write(folder, outcome, report=shown, mask=mask)
    junit.write(folder, outcome, commands=commands, mask=mask)
    return shown
