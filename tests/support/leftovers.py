"""Processes that a test has left, and whose parents have ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_started: set[int] = set()


def adopt() -> None:
    """From now on this process is the parent of whoever loses theirs, and knows whom it started."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begin = subprocess.Popen._execute_child  # type: ignore[attr-defined]

    def noted(self: subprocess.Popen[bytes], *given: object) -> None:
        begin(self, *given)
        _started.add(self.pid)

    subprocess.Popen._execute_child = noted  # type: ignore[attr-defined]


def end_orphans() -> None:
    """Ends those that were adopted, and theirs."""
    while orphans := _children() - _started:
        for process in orphans:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)


def _children() -> set[int]:
    found: set[int] = set()
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found.update(map(int, listed.read_text().split()))
    return found
