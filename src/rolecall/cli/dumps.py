"""What of this process's memory others may see."""

from __future__ import annotations

import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def prevent() -> None:
    """No core dump is written of this process, and no other process of the user may read it.

    The commands that it starts are as they would be without: an `exec` puts the flag back, which a
    limit on the size of core dumps would outlive.
    Source: https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):  # a Python without ctypes, another libc
        import ctypes  # noqa: PLC0415  0.01 s that only a run need spend

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
