"""Processes that a test has left, and whose parents have ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_started: set[int] = set()


def _note(begin: Callable[..., None]) -> Callable[..., None]:
    def noted(self: subprocess.Popen[bytes], *given: object) -> None:
        begin(self, *given)
        _started.add(self.pid)

    return noted


subprocess.Popen._execute_child = _note(  # type: ignore[attr-defined]
    subprocess.Popen._execute_child  # type: ignore[attr-defined]
)


@contextmanager
def ended() -> Iterator[None]:
    """Meanwhile this process is the parent of whoever loses theirs, and ends them at its end."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _end_orphans()
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _end_orphans() -> None:
    """Those that were adopted, and theirs."""
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
