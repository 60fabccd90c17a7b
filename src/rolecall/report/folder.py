"""Everything that REPORT_DIR gets."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rolecall.errors import FileError
from rolecall.files import make_folder, write_atomically
from rolecall.report import artifacts, exports, junit, outputs, page, previous, record, summary
from rolecall.results import Outcome
from rolecall.secret import Mask

if TYPE_CHECKING:
    from rolecall.targets.organization import Found

FILES = tuple(module.FILE_NAME for module in (record, junit, exports, summary, page))
FOLDERS = (outputs.FOLDER, artifacts.FOLDER)
# All that may lie there of a run's own, as paths below the folder.
PARTS = (*FILES, *FOLDERS, *previous.PARTS)


class BusyError(FileError):
    """Another run writes its report there."""


def obstacle(folder: Path) -> str:
    """Why nothing can be written there, as far as a look tells; empty where none is seen."""
    if folder.is_symlink():
        return f"{folder} is a symbolic link, which rolecall does not write through"
    for name in FILES:
        path = folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return f"{path} is no plain file, and rolecall does not write in its place"
    for below in (folder / name for name in FOLDERS):
        if below.is_symlink() or (below.exists() and not below.is_dir()):
            return f"{below} is no folder, and rolecall does not write in its place"
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
        return f"{folder} cannot be made: {there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there} cannot be written"


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Makes the folder and takes an earlier report away; no other run writes there now.

    Raises:
        FileError: where it takes no files.
        BusyError: where another run writes its report there.
    """
    with claimed(folder):
        previous.keep(folder)  # one that was written since this run began, and took the rest away
        for name in FILES:
            write_atomically(folder / name, b"", durable=False)
            (folder / name).unlink()
        outputs.clear(folder)
        artifacts.clear(folder)
        yield


def withdraw(folder: Path) -> None:
    """Removes the files of an earlier run, for they would read as what this one has done.

    The report of one that failed is kept, see `previous`. Nothing is touched where another run
    writes its report now, or where there is no plain folder with plain files: `obstacle` tells of
    that.

    Raises:
        FileError: where something stays that was to go, or goes that was to be kept.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(BusyError), claimed(folder):
        lost = previous.keep(folder)
        for name in FILES:
            path = folder / name
            if path.is_symlink() or not path.is_file():
                continue
            try:
                path.unlink()
            except OSError as error:
                raise FileError(
                    f"{path} tells of an earlier run, and cannot be removed: {error.strerror}"
                ) from None
        outputs.clear(folder)
        if lost:
            raise FileError(lost)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Makes the folder and locks it, without a file for that: a report is written there.

    Raises:
        FileError: where it can't be made or read.
        BusyError: where another report is written there.
    """
    _make(folder)
    descriptor = _locked(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> int:
    """It is locked until it is closed, or the process ends."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise FileError(f"{folder} cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BusyError(
            f"another run writes its report to {folder}; wait for it to end, or name another folder"
        ) from None
    except OSError:  # a file system without locks: whoever shares it must take care
        pass
    return descriptor


def write(
    folder: Path, outcome: Outcome, *, found: Found | None = None, mask: Mask, working: Path
) -> Path:
    """Writes every file, as far as each can be; returns the path of `report.json`.

    Of one that can't be written none is left: an earlier one would tell of another run.

    Args:
        found: the accounts of the organisation; None where it was not read.
        working: the working folder: the path returned is relative to it where that can be.

    Raises:
        FileError: where one can't be written; the others are there.
    """
    # Commands may have removed it, or put something else in its place.
    _make(folder)
    path = folder / record.FILE_NAME
    shown = path.relative_to(working) if path.is_relative_to(working) else path
    wrong = []
    writers: dict[str, Callable[[], object]] = {
        record.FILE_NAME: lambda: record.write(folder, outcome, mask, found),
        exports.FILE_NAME: lambda: exports.write(folder, outcome, report=shown, mask=mask),
        junit.FILE_NAME: lambda: junit.write(
            folder, outcome, commands=outcome.plan.commands, mask=mask
        ),
        summary.FILE_NAME: lambda: summary.write(folder, outcome, mask),
        page.FILE_NAME: lambda: page.write(folder, outcome, mask),
    }
    for name, written in writers.items():
        try:
            written()
        except FileError as error:
            wrong.append(str(error))
        except (MemoryError, OSError) as error:  # the others may go well all the same
            why = "out of memory" if isinstance(error, MemoryError) else str(error)
            wrong.append(f"{folder / name} cannot be written: {why}")
        else:
            continue
        with suppress(OSError):
            (folder / name).unlink()
    if wrong:
        raise FileError("; ".join(wrong))
    return shown


def _make(folder: Path) -> None:
    if folder.is_symlink():
        raise FileError(f"{folder} is a symbolic link, which rolecall does not write through")
    make_folder(folder, record.FOLDER)
