"""What `exec` is given on standard input, for its commands to read."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import stat
import sys
from collections.abc import Mapping

from rolecall.commands.stdin import NOTHING, Stdin, opened_anew
from rolecall.commands.terminal import Pty
from rolecall.errors import Problem

_INPUT, _OUTPUT = 0, 1
_PLACE = "standard input"
# So long a script may take to begin, in milliseconds; and a pipe to show that it has nothing.
_BEGINS, _ENDS = 10_000, 1_000


def for_one() -> Stdin:
    """For one target: what rolecall has, as if the command were run without it.

    On a terminal the command has one of its own, so that what it shows there is masked too.
    """
    if _mode() is None or not _in_foreground():
        return NOTHING
    shown = os.isatty(_INPUT) and os.isatty(_OUTPUT) and _has_terminals()
    return Stdin(descriptor=_INPUT, shown=shown)


def for_all() -> tuple[Stdin, list[Problem]]:
    """For several targets: a file is read by each; a person is at no more than one.

    What can be read only once, such as a pipe, is a mistake: to wait for its end may have none, and
    to read it takes it from others, as from the loop that runs this.
    """
    mode = _mode()
    if mode is None or stat.S_ISCHR(mode):  # a terminal, or /dev/null
        return NOTHING, []
    if stat.S_ISREG(mode):
        if _can_be_read_anew():
            return Stdin(descriptor=_INPUT, anew=True), []
    elif not _begins(_ENDS) and _ended():
        return NOTHING, []
    wrong = (
        "can be read only once, and there are several targets: give a file, `< FILE`, which each"
        " reads as a whole, or `< /dev/null` for nothing"
    )
    return NOTHING, [Problem(_PLACE, wrong)]


def shell(environ: Mapping[str, str], script_shell: str) -> tuple[str, list[Problem]]:
    """The script of `exec TARGET` alone: a shell at a terminal, or one that reads a script.

    A mistake where there is neither a terminal nor a script.

    Args:
        script_shell: the words of SHELL.
    """
    if os.isatty(_INPUT) and os.isatty(_OUTPUT):
        own = shutil.which(environ.get("SHELL") or "bash", path=environ.get("PATH"))
        return f"exec {shlex.quote(own or 'sh')}", []
    mode = _mode()
    if mode is None or stat.S_ISCHR(mode) or not _begins(_BEGINS):
        wrong = (
            "has no script, and there is no terminal for a shell; exec needs a command after `--`:"
            " rolecall exec TARGET -- COMMAND…"
        )
        return ":", [Problem(_PLACE, wrong)]
    return f"exec {script_shell}", []


def _mode() -> int | None:
    """What kind of file it is; None where there is none."""
    try:
        return os.fstat(_INPUT).st_mode
    except OSError:
        return None


def _in_foreground() -> bool:
    """Whether it may be read: a job in the background would be stopped by its terminal."""
    if not os.isatty(_INPUT):
        return True
    try:
        return os.tcgetpgrp(_INPUT) == os.getpgrp()
    except OSError:  # it is not the terminal that this session's signals come from
        return True


def _has_terminals() -> bool:
    try:
        Pty.make().close()
    except OSError as error:
        said = f"no terminal can be had for the command ({error.strerror}); its output is a pipe"
        print(f"rolecall: {said}", file=sys.stderr)
        return False
    return True


def _can_be_read_anew() -> bool:
    """Whether one reader leaves the next where it was: not so on every system."""
    at = os.lseek(_INPUT, 0, os.SEEK_CUR)
    try:
        again = opened_anew(_INPUT)
    except OSError:
        return False
    try:
        os.lseek(again, 0, os.SEEK_END)
        return os.lseek(_INPUT, 0, os.SEEK_CUR) == at
    finally:
        os.close(again)
        os.lseek(_INPUT, at, os.SEEK_SET)


def _begins(within: int) -> bool:
    """Whether there is anything to read, or comes within so many milliseconds."""
    mode = _mode()
    if mode is not None and stat.S_ISREG(mode):
        return os.lseek(_INPUT, 0, os.SEEK_CUR) < os.fstat(_INPUT).st_size
    poll = select.poll()
    poll.register(_INPUT, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(within))


def _ended() -> bool:
    poll = select.poll()
    poll.register(_INPUT, select.POLLIN)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
