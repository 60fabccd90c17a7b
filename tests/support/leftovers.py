"""Processes that a test has left."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def end(*folders: Path) -> None:
    """Kills each process that was started with one of these folders in its environment."""
    marks = [os.fsencode(folder) for folder in folders]
    for listed in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            environ = listed.read_bytes()
            process = int(listed.parent.name)
            if any(mark in environ for mark in marks) and process != os.getpid():
                os.kill(process, signal.SIGKILL)
