"""A terminal whose last lines show how things stand, below output that scrolls by.

The cursor rests where the region begins, in its empty first line, and is never hidden for longer
than one write: whatever ends the process, and however the window was resized before, the terminal
is as a shell wants it, and all that is old can be erased from there on.
Source of the sequences: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from rolecall.report.view import ByteSink
from rolecall.stop import joined

Frame = Callable[[int, int], Sequence[str]]
_TICK = 0.1
_MOST_HELD = 65_536
# Drawn at once where the terminal knows how; others pass over it.
_BEGIN, _END = "\033[?2026h\033[?25l", "\033[?25h\033[?2026l"
_ERASE = "\r\033[0m\033[J"
# A line that is wider than was thought is cut, so that the region keeps its height.
_CUT, _WRAP = "\033[?7l", "\033[?7h"
# All that steers a terminal, save colours: lines of commands may have it, and mean another place.
_STEERING = re.compile(
    rb"\033(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\007\033]*(?:\007|\033\\)?|[^\[\]\033]|(?=\n))"
)
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r\033"})


class Screen:
    """A sink for whole lines, as a context manager. Safe in many threads.

    Until `show` it passes on what it is given, as it is.

    Args:
        size: columns and rows of the terminal; asked each time, for they change.
    """

    def __init__(self, output: ByteSink, size: Callable[[], tuple[int, int]]) -> None:
        self._output, self._size = output, size
        self._frame: Frame | None = None
        self._held = bytearray()
        self._drawn: tuple[object, ...] = ()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.rest()

    def show(self, frame: Frame) -> None:
        """From now on the lines of `frame(columns, rows)` stand below all others."""
        with self._lock:
            self._frame = frame
            if self._thread is None:
                self._over.clear()
                self._thread = threading.Thread(target=self._keep, name="screen", daemon=True)
                self._thread.start()

    def rest(self) -> None:
        """Takes the region away, and leaves what scrolled by."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._over.set()
        if thread:
            joined(thread)
        with self._lock:
            self._frame = None
            self._pass_on(len(self._held))

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._frame is None:
                self._output.write(data)
                return
            self._held += _STEERING.sub(b"", data) if b"\033" in data else data
            if len(self._held) > _MOST_HELD:
                self._pass_on(self._whole())

    def flush(self) -> None:
        self._output.flush()

    def _keep(self) -> None:
        while not self._over.wait(_TICK):
            with self._lock:
                self._draw()

    def _whole(self) -> int:
        return self._held.rfind(b"\n") + 1

    def _pass_on(self, end: int) -> None:
        """Writes what is held, in place of the region."""
        start = _ERASE.encode() if self._drawn else b""
        self._drawn = ()
        if start or end:
            self._output.write(start + self._taken(end))

    def _taken(self, end: int) -> bytes:
        data = bytes(self._held[:end]).translate(None, _CONTROLS)
        del self._held[:end]
        return data

    def _draw(self) -> None:
        columns, rows = self._size()
        lines = list(self._frame(columns, rows)) if self._frame else []
        end = self._whole()
        # Where the window is too low for two lines, there is no place for a region.
        if not lines or rows <= len(lines):
            self._pass_on(end)
            return
        drawing = (columns, rows, *lines)
        if drawing == self._drawn and not end:
            return
        data = self._taken(end).decode(errors="surrogateescape")
        up = f"\r\033[{len(lines)}A" if lines else ""
        region = "".join(f"\r\n{line}\033[0m" for line in lines)
        text = f"{_BEGIN}{_ERASE}{data}\033[0m{_CUT}{region}{up}{_WRAP}{_END}"
        self._drawn = drawing
        self._output.write(text.encode(errors="surrogateescape"))
        with suppress(OSError, ValueError):
            self._output.flush()
