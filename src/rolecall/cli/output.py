"""Standard output, as something that never ends a run half-way."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, TextIO

from rolecall.errors import FileError

if TYPE_CHECKING:
    from rolecall.report.view import ByteSink
    from rolecall.stop import Stop

USUAL_SIZE = (80, 24)
# What a pipe takes at once where it takes anything (POSIX, PIPE_BUF).
_AT_ONCE = select.PIPE_BUF
_LOOK = 100  # milliseconds between two looks at whether waiting makes sense
_LAST_WORDS = 5.0  # seconds that a log which stands still may hold up the end of a run


class _StandsStillError(Exception):
    """Nobody reads, and nobody waits for that any more."""


class Outlet:
    """Passes bytes on to standard output or error, for as long as somebody takes them.

    Where nobody does (a pipe whose reader has gone, a full disk, a closed descriptor) the rest is
    dropped. So is it where a reader stands still and the run is to end: see `stop`.

    Args:
        on_gone: told once, with the error. beside: whether it is standard error.
        stop: once that is requested, a reader has a few seconds; once it is urgent, none.
    """

    def __init__(
        self,
        on_gone: Callable[[OSError], None],
        *,
        beside: bool = False,
        stop: Stop | None = None,
    ) -> None:
        self._text = sys.stderr if beside else sys.stdout
        self._stream = self._text.buffer if self._text else None
        self._on_gone, self._stop = on_gone, stop
        self._may_wait = bool(stop and self._stream and _may_wait(self._stream))

    def write(self, data: bytes) -> None:
        if self._stream is None:
            return
        try:
            if self._may_wait:
                self._write_patiently(self._stream, memoryview(data))
            else:
                self._stream.write(data)
                self._stream.flush()
        except _StandsStillError:
            self._drop()
        except OSError as error:
            self._drop()
            self._on_gone(error)

    def _drop(self) -> None:
        drop_the_rest(self._text)
        self._stream = None

    def _write_patiently(self, stream: BinaryIO, data: memoryview) -> None:
        """Nothing but the wait for the reader takes time, and that has an end."""
        stream.flush()
        poll = select.poll()
        poll.register(stream, select.POLLOUT)
        while data:
            begun = time.monotonic()
            while not poll.poll(_LOOK):
                if self._in_vain(time.monotonic() - begun):
                    raise _StandsStillError
            with suppress(BlockingIOError):  # another process has made it so that it never waits
                data = data[os.write(stream.fileno(), data[:_AT_ONCE]) :]

    def _in_vain(self, waited: float) -> bool:
        stop = self._stop
        return bool(stop and (stop.urgent or (stop.requested and waited > _LAST_WORDS)))

    def flush(self) -> None:
        """Each write is passed on at once."""


def _may_wait(stream: BinaryIO) -> bool:
    """Whether it is a pipe, a socket or a terminal, which wait for a reader."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def terminal_size() -> tuple[int, int]:
    """Columns and rows of the terminal that standard output is; as of old where it says none."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return USUAL_SIZE
    return size.columns or USUAL_SIZE[0], size.lines or USUAL_SIZE[1]


class TextOutlet:
    """The same for text."""

    def __init__(self, outlet: ByteSink) -> None:
        self._outlet = outlet

    def write(self, text: str) -> None:
        self._outlet.write(text.encode(errors="replace"))

    def flush(self) -> None:
        self._outlet.flush()


def outlet() -> Outlet:
    """Standard output of a command that is of no use without it.

    Its `write` raises BrokenPipeError where the reader has gone, FileError where it takes nothing.
    """
    return Outlet(_fail)


def _fail(error: OSError) -> None:
    if isinstance(error, BrokenPipeError):
        raise error
    raise FileError(f"standard output cannot be written: {error.strerror}")


def one_place() -> bool:
    """Whether standard output and error go to the same terminal, pipe or file."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False


def drop_the_rest(stream: TextIO | None = None) -> None:
    """What is buffered for standard output, or the stream, must not be tried again at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def flush() -> None:
    """Passes on what is buffered; where nobody reads it, Python would end with a code of its."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            drop_the_rest(stream)


def say_gone(error: OSError) -> None:
    """Tells that the log has ended, not the run: a deployment does not stop because of its log."""
    with suppress(OSError, AttributeError):
        sys.stderr.write(
            f"rolecall: standard output is gone ({error.strerror}); the run goes on, and its"
            " report will tell\n"
        )
