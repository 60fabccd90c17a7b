"""Process 1 of a container: reaps, passes signals on, and keeps its environment to itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from contextlib import suppress

from rolecall.cli import dumps

# These are of whoever made the mistake.
_FAULTS = frozenset(
    {
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSEGV,
        signal.SIGSYS,
        signal.SIGTRAP,
    }
)


def step_aside() -> None:
    """Returns in a new process that does the job; this one stays as an init, and ends with it.

    The environment that a container is started with is that of its process 1 for good, and an init
    such as tini lets every process of its user read it there. Which signals an init passes on, and
    how it hands on the terminal, is as in https://github.com/krallin/tini.
    """
    dumps.prevent()
    passed_on = signal.valid_signals() - _FAULTS
    before = signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    job = os.fork()
    if job:
        os._exit(_exit_code_of(job, passed_on))
    # A key that is a signal, such as Ctrl-C, is then the job's alone: passed on, it came twice.
    with suppress(OSError):
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit_code_of(job: int, passed_on: Collection[signal.Signals]) -> int:
    while True:
        number = signal.sigwait(passed_on)
        if number == signal.SIGCHLD:
            if (code := _reaped(job)) is not None:
                return code
        else:
            os.kill(job, number)  # as long as it is not reaped it is there


def _reaped(job: int) -> int | None:
    """Takes in all that has ended; the exit code of the job if that has."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == job:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else 128 - code
    return None
