"""A command at a terminal, and the terminal's screen as a person sees it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte

from support import needs

_PATIENCE = 60.0
_SCROLLBACK = 100_000


class Watched:
    """Runs a command at a terminal of its own. Use it as a context manager.

    Attributes:
        raw: every byte that the terminal was sent.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.raw = b""
        self._screen = pyte.HistoryScreen(columns, rows, history=_SCROLLBACK, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = needs.open_terminal()
        _set_size(theirs, columns, rows)
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # So that what is typed, such as ^C, becomes a signal.
            preexec_fn=_take_terminal,  # noqa: PLW1509  no thread of the tests runs here
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.end()
        os.close(self._ours)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without blanks at the ends of lines."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def cells(self) -> list[list[Any]]:
        """Each character of the screen, with its colours."""
        rows = (self._screen.buffer[y] for y in range(self._screen.lines))
        return [[row[x] for x in range(self._screen.columns)] for row in rows]

    @property
    def scrolled(self) -> list[str]:
        """What has left the screen at its top, and what stands on it down to the cursor."""
        gone = [_line(row, self._screen.columns) for row in self._screen.history.top]
        return [*gone, *self.lines[: self._screen.cursor.y]]

    @property
    def cursor_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    def colours(self, word: str) -> set[str]:
        """The colours in which a word stands on the screen."""
        found = set()
        for y, line in enumerate(self._screen.display):
            if (x := line.find(word)) >= 0:
                found |= {self._screen.buffer[y][x + n].fg for n in range(len(word))}
        return found

    def until(self, seen: Callable[[Watched], bool]) -> None:
        """Reads on until the screen is so."""
        deadline = time.monotonic() + _PATIENCE
        while self._half_drawn or not seen(self):
            assert self._read() or time.monotonic() < deadline, self.text
            assert time.monotonic() < deadline, self.text

    @property
    def _half_drawn(self) -> bool:
        """Between the marks of a synchronised update, of which a terminal shows only the whole."""
        return self.raw.rfind(b"\033[?2026h") > self.raw.rfind(b"\033[?2026l")

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        _set_size(self._ours, columns, rows)

    def end(self) -> int:
        """Reads on to the end; the exit code."""
        deadline = time.monotonic() + _PATIENCE
        while self._read() or self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
        return self.process.wait()

    def _read(self) -> bool:
        """False once nobody can write any more, or nothing comes for a moment."""
        ready, _, _ = select.select([self._ours], [], [], 0.1)
        if not ready:
            return False
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # Linux's way to say that the other side is closed
            data = b""
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _line(row: Any, columns: int) -> str:
    return "".join(row[x].data for x in range(columns)).rstrip()


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
