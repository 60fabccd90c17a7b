"""What the commands of a target leave for people and pipelines: `$ROLECALL_ARTIFACTS`.

A folder for each target and region below REPORT_DIR, named as its log is. What is in it is the
commands' own: nothing of it is read or masked.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from rolecall.files import PRIVATE_FOLDER
from rolecall.logs import Log
from rolecall.report.outputs import OURS, Outputs, opened
from rolecall.results import Outcome, Result

FOLDER = "artifacts"
NAME = re.compile(OURS, re.ASCII)


class Artifacts:
    """Those of a run.

    Args:
        report: REPORT_DIR. outputs: the logs, which have their names by when a folder is asked for.
    """

    def __init__(self, report: Path, outputs: Outputs) -> None:
        self._folder, self._outputs = report / FOLDER, outputs

    @contextmanager
    def of(self, target: str, region: str) -> Iterator[Path]:
        """An empty folder; it goes at the end where nothing was put into it.

        Where it can't be made that is said, and what its commands write into it fails.
        """
        name = self._outputs.stem(target, region)
        path = self._folder / name
        try:
            with opened(self._folder, make=True) as folder:
                remove(folder, name)
                os.mkdir(name, PRIVATE_FOLDER, dir_fd=folder)
        except OSError as error:
            reason = error.strerror or str(error)
            Log().warning("artifacts_not_made", target=target, region=region, reason=reason)
        try:
            yield path.absolute()
        finally:
            with suppress(OSError), opened(self._folder) as folder:
                os.rmdir(name, dir_fd=folder)  # not where there is something in it

    def named(self, outcome: Outcome) -> Outcome:
        """The outcome with the folder of each result that has one, relative to REPORT_DIR.

        Called once all have ended; where none has one, the folder around them goes too.
        """
        with suppress(OSError):
            self._folder.rmdir()
        named = (replace(result, artifacts=self._path(result)) for result in outcome.results)
        return replace(outcome, results=tuple(named))

    def _path(self, result: Result) -> str:
        name = self._outputs.stem(result.target, result.region)
        path = self._folder / name
        there = bool(name and result.started_at) and path.is_dir() and not path.is_symlink()
        return f"{FOLDER}/{name}" if there else ""


def clear(report: Path) -> None:
    """Removes those of an earlier run, and nothing else that may lie there."""
    with suppress(OSError), opened(report / FOLDER) as descriptor:
        for name in os.listdir(descriptor):  # noqa: PTH208  a Path takes no descriptor
            if NAME.fullmatch(name):
                remove(descriptor, name)
    with suppress(OSError):
        (report / FOLDER).rmdir()


def remove(folder: int, name: str) -> None:
    """Removes what lies there under that name, whatever it is; a link is not followed."""
    with suppress(FileNotFoundError):
        try:
            os.unlink(name, dir_fd=folder)
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
