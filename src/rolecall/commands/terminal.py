"""A command's own terminal, between the user's and the command: what it shows is masked."""

from __future__ import annotations

import fcntl
import os
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from rolecall.commands.pipe import Pipe

_KEYS = 1_024
_SIZE = bytes(8)  # struct winsize: rows, columns and two more
# The first terminal that the leader of a session opens is the one that its signals come from.
_TAKE = 'terminal=$1; shift; exec "$@" <>"$terminal" >&0'


@dataclass(kw_only=True, slots=True)
class Pty(Pipe):
    """A terminal of a command's own. What is written to `reader` is typed there."""

    @classmethod
    def make(cls) -> Self:
        """Raises OSError where there are none to be had, as in some chroots."""
        reader, writer = os.openpty()
        try:
            os.ttyname(writer)
            mark_fd = os.dup(writer)
        except OSError:
            os.close(reader)
            os.close(writer)
            raise
        return cls(reader=reader, writer=writer, mark_fd=mark_fd)

    def taken(self, argv: Sequence[str], *, errors: bool) -> list[str]:
        """What makes it the terminal of a new session and starts `argv` there.

        Args:
            errors: whether stderr goes there too.
        """
        take = f"{_TAKE} 2>&0" if errors else _TAKE
        return ["/bin/sh", "-c", take, "sh", os.ttyname(self.writer), *argv]


class Typed:
    """Hands on what is typed at the user's terminal, key by key, and how large that is.

    Args:
        descriptor: the user's terminal. pty: the command's.
    """

    def __init__(self, descriptor: int, pty: Pty) -> None:
        self._from, self._to = descriptor, pty.reader
        self._held = self._size = b""
        self._open = True
        with suppress(termios.error):
            termios.tcsetattr(pty.writer, termios.TCSANOW, termios.tcgetattr(descriptor))
        self.keep_up()

    def fileno(self) -> int:
        return self._from

    @property
    def wants_more(self) -> bool:
        """Whether the command has taken what was typed before, and more may come."""
        return self._open and not self._held

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Each key, Ctrl-C too, is the command's; the terminal is as it was once this ends."""
        os.set_blocking(self._to, False)
        before = None
        try:
            with suppress(termios.error):  # it was hung up
                before = termios.tcgetattr(self._from)
                tty.setraw(self._from, termios.TCSANOW)  # to wait here might have no end
            yield
        finally:
            if before:
                with suppress(termios.error):
                    termios.tcsetattr(self._from, termios.TCSANOW, before)

    def read(self) -> None:
        """Takes what was typed."""
        with suppress(OSError):  # it was hung up
            self._held = os.read(self._from, _KEYS)
        self._open = bool(self._held)
        self.keep_up()

    def keep_up(self) -> None:
        """Hands on what could not be before, and a new size."""
        with suppress(OSError):
            if self._held:
                self._held = self._held[os.write(self._to, self._held) :]
        with suppress(OSError):
            size = fcntl.ioctl(self._from, termios.TIOCGWINSZ, _SIZE)
            if size != self._size:
                self._size = size
                fcntl.ioctl(self._to, termios.TIOCSWINSZ, size)
