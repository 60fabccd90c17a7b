"""What of this process's memory, and of its variables, others may see."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_FIRST = Path("/proc/1")
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


def told_by_first(environ: Mapping[str, str], first: Path = _FIRST) -> str:
    """The name of a container's process 1, where commands can read secrets of ours from it.

    Commands run as this process's user, and may read what this process may.

    Args:
        environ: the variables of this process.
    """
    from rolecall import aws_variables  # noqa: PLC0415  process 1 has no use for it

    secrets = set(aws_variables.secrets(environ))
    if not secrets:
        return ""
    try:
        lines = (first / "environ").read_bytes().split(b"\0")
        name = (first / "comm").read_bytes()
    except OSError:
        return ""
    pairs = (os.fsdecode(line).partition("=") for line in lines)
    if secrets.isdisjoint(aws_variables.secrets({name: value for name, _, value in pairs})):
        return ""
    return os.fsdecode(name).strip()
