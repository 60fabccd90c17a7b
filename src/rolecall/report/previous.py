"""The report of the run before, where that failed: kept in `previous`, beside the new one.

One is kept, and all of it but `exports.sh` and `junit.xml`: those are what a pipeline sources and
collects, by patterns too, and an earlier run would pass for this one. `rolecall report` makes
`junit.xml` again. After a run that went well none is kept.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rolecall.files import read_plain
from rolecall.report import artifacts, outputs, page, record, summary
from rolecall.report.outputs import opened

FOLDER = "previous"
# The report itself comes first: who is killed half-way has kept that.
_FILES = (record.FILE_NAME, page.FILE_NAME, summary.FILE_NAME)
# Folders, and what is the report's own in them.
_FOLDERS: Mapping[str, re.Pattern[str]] = {
    outputs.FOLDER: outputs.NAME,
    artifacts.FOLDER: artifacts.NAME,
}
# All that is ours in the folder; what else lies there is somebody's own.
PARTS = tuple(f"{FOLDER}/{name}" for name in (*_FILES, *_FOLDERS))


def keep(report: Path) -> str:
    """Keeps the report that lies there, if there is one, in a folder that is claimed.

    Each part is moved in one step, and never through a symbolic link.

    Returns:
        Why it can't be kept; empty where it is, or need not be.
    """
    if not os.path.lexists(report / record.FILE_NAME):
        return ""  # a run that never began has none, and ends nothing that was kept
    failed = _failed(report)
    try:
        with opened(report) as here, opened(Path(FOLDER), within=here, make=failed) as there:
            _clear(there)
            if failed:
                _move(here, there)
    except OSError as error:
        why = error.strerror or str(error)
        wrong = f"the report of the failed run before is not kept in {report / FOLDER}: {why}"
        return wrong if failed else ""
    with suppress(OSError):
        (report / FOLDER).rmdir()  # not where there is something in it
    return ""


def _failed(report: Path) -> bool:
    """Whether it is a whole report, of a run that failed. What its parts are is not looked at."""
    path = report / record.FILE_NAME
    with suppress(OSError, ValueError, RecursionError):
        found = {} if path.is_symlink() else json.loads(read_plain(path))
        known = isinstance(found, dict) and found.get("version") == record.VERSION
        return known and bool(found.get("exit_code"))
    return False


def _clear(there: int) -> None:
    """Removes an earlier one that was kept."""
    for name in _FILES:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=there)
    for folder in filter(lambda name: _is_folder(there, name), _FOLDERS):
        with opened(Path(folder), within=there) as inside:
            for name in _own(inside, folder):
                artifacts.remove(inside, name)
        with suppress(OSError):
            os.rmdir(folder, dir_fd=there)


def _move(here: int, there: int) -> None:
    for name in _FILES:
        if _kind(here, name) == stat.S_IFREG:
            os.rename(name, name, src_dir_fd=here, dst_dir_fd=there)
    for folder in filter(lambda name: _is_folder(here, name), _FOLDERS):
        with opened(Path(folder), within=here) as old:
            if not (names := _own(old, folder)):
                continue
            with opened(Path(folder), within=there, make=True) as new:
                for name in names:
                    os.rename(name, name, src_dir_fd=old, dst_dir_fd=new)


def _own(descriptor: int, folder: str) -> list[str]:
    names = os.listdir(descriptor)
    return [name for name in names if _FOLDERS[folder].fullmatch(name)]


def _is_folder(within: int, name: str) -> bool:
    return _kind(within, name) == stat.S_IFDIR


def _kind(within: int, name: str) -> int:
    with suppress(FileNotFoundError):
        return stat.S_IFMT(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode)
    return 0
