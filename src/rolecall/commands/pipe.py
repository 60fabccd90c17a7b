"""What a shell writes to, and the end where that is read."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

_CHUNK = 262_144
_PIPE_SIZE = 1_048_576
_FIRST_MARK_FD = 100  # out of the way of the descriptors that scripts use
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", None)


def _mark_fd_from() -> int:
    """The lowest descriptor for marks, where the limit of descriptors allows it."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _FIRST_MARK_FD if soft == resource.RLIM_INFINITY or soft > 2 * _FIRST_MARK_FD else 10


@dataclass(kw_only=True, slots=True)
class Pipe:
    """Where a shell writes. `mark_fd` is a second way into it, for marks."""

    reader: int
    writer: int
    mark_fd: int

    @classmethod
    def make(cls) -> Self:
        reader, writer = os.pipe()
        if _F_SETPIPE_SZ is not None:
            with suppress(OSError):  # over the user's limit: the usual size will do
                fcntl.fcntl(writer, _F_SETPIPE_SZ, _PIPE_SIZE)
        try:
            mark_fd = fcntl.fcntl(writer, fcntl.F_DUPFD_CLOEXEC, _mark_fd_from())
        except OSError:
            os.close(reader)
            os.close(writer)
            raise
        return cls(reader=reader, writer=writer, mark_fd=mark_fd)

    def close_writers(self) -> None:
        os.close(self.writer)
        os.close(self.mark_fd)

    def close(self) -> None:
        os.close(self.reader)
        self.close_writers()


@dataclass(kw_only=True, slots=True)
class Inlet:
    """The end of a pipe that is read. `hear` takes each chunk."""

    reader: int
    hear: Callable[[bytes], None]
    _open: bool = True

    def read(self) -> bool:
        """Passes on what is there; false at the end of the output."""
        self._take()
        return self._open

    def _take(self) -> int:
        try:
            data = os.read(self.reader, _CHUNK)
        except OSError as error:
            if error.errno != errno.EIO:  # of a terminal: nobody can write there any more
                raise
            data = b""
        if data:
            self.hear(data)
        self._open = bool(data)
        return len(data)

    def drain(self) -> None:
        """Reads what is in the pipe; no more than it can hold, for it may be filled without end."""
        os.set_blocking(self.reader, False)
        taken = 0
        with suppress(BlockingIOError):
            while self._open and taken <= _PIPE_SIZE:
                taken += self._take()

    def close(self) -> None:
        os.close(self.reader)
