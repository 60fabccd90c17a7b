"""Output on its way from the shell to the reader: marks taken out, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Callable

from rolecall.secret import Mask

LONGEST_LINE = 65_536
_TAIL_BYTES = 8_192
_TAIL_LINES = 20
# Of a secret no more is shown because a person waits for it: so much may be what was typed.
_TYPED_BYTES = 4
_MARK_START = b"\x1e"
_LONGEST_MARK = 64
Emit = Callable[[bytes], None]
OnMark = Callable[[bytes, int, int], None]


class Stream:
    """Passes on whole lines, masked, as soon as they are there.

    A line is held until it ends, since a secret may arrive in two pieces. `flush` passes on what
    is held all the same, save what may be the beginning of a secret or of a mark.

    Args:
        emit: takes masked bytes. mark, on_mark: see Script; called between what comes before the
            mark and what comes after.
    """

    def __init__(
        self, *, mask: Mask, emit: Emit, mark: re.Pattern[bytes] | None, on_mark: OnMark
    ) -> None:
        self._mask, self._emit_bytes, self._mark, self._on_mark = mask, emit, mark, on_mark
        self._held = b""
        self._broken: tuple[bytes, ...] = ()  # see Mask.follow
        self._tail = b""
        self._at_line_start = True

    def feed(self, data: bytes) -> None:
        data = self._held + data if self._held else data
        if self._mark and _MARK_START in data:
            data = self._pass_marks(data, self._mark)
        # A CR ends a line too: progress bars have no other end.
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end:
            self._emit(self._masked(data[:end]))
            data = data[end:]
        self._held = data
        if len(data) > LONGEST_LINE:
            self._pass_on(self._masked(data))

    def flush(self) -> None:
        """Passes on an unfinished line, unless it has a piece of a secret that may go on."""
        if not self._mask.follow(self._held, self._broken)[1]:
            self._pass_on(self._mask.follow(self._held, ended=False)[0])

    def close(self) -> None:
        """Passes on everything, and ends a line that has no end."""
        self._emit_line(self._held)
        self._held = b""

    def tail(self) -> tuple[str, ...]:
        """The last lines since the last `forget_tail`, masked."""
        lines = self._tail.decode(errors="replace").splitlines()
        return tuple(line[:500] for line in lines[-_TAIL_LINES:])

    def forget_tail(self) -> None:
        self._tail = b""

    def _pass_marks(self, data: bytes, mark: re.Pattern[bytes]) -> bytes:
        """Passes on what stands before each mark, and returns what stands after the last."""
        position = 0
        for match in mark.finditer(data):
            self._emit_line(data[position : match.start()])
            self._on_mark(match[1], int(match[2]), int(match[3]))
            position = match.end()
        return data[position:]

    def _masked(self, data: bytes) -> bytes:
        data, self._broken = self._mask.follow(data, self._broken)
        return data

    def _pass_on(self, masked: bytes) -> None:
        safe = len(masked) - self._doubtful(masked)
        self._emit(masked[:safe])
        self._held = masked[safe:]

    def _doubtful(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a secret or a mark."""
        start = data.rfind(_MARK_START, -_LONGEST_MARK) if self._mark else -1
        mark = len(data) - start if start >= 0 else 0
        return max(mark, self._mask.overlap(data))

    def _emit_line(self, data: bytes) -> None:
        """Passes on the end of a command's output, with an end of line where it has none."""
        data = self._masked(data)
        ended = data.endswith(b"\n") if data else self._at_line_start
        self._emit(data if ended else data + b"\n")

    def _emit(self, data: bytes) -> None:
        if data:
            self._emit_bytes(data)
            self._at_line_start = data.endswith(b"\n")
            self._tail = (self._tail + data[-_TAIL_BYTES:])[-_TAIL_BYTES:]


class AsItIs(Stream):
    """Adds nothing: what has no end of line at its end is passed on without one."""

    def close(self) -> None:
        self._emit(self._masked(self._held))
        self._held = b""


class Echo(Stream):
    """Passes on a terminal's output as it comes, masked: who types wants to see it at once.

    What may be the beginning of a secret is held until more comes. `flush` shows a few bytes of it
    all the same; where they turn out to be a secret's, the rest of it is hidden.
    """

    _shown = b""

    def feed(self, data: bytes) -> None:
        masked = self._mask.apply(self._shown + self._held + data)
        shown = len(self._shown) if masked.startswith(self._shown) else 0
        safe = len(masked) - self._mask.overlap(masked)
        if safe < shown:
            self._held = masked[shown:]
            return
        self._emit(masked[shown:safe])
        self._shown, self._held = b"", masked[safe:]

    def flush(self) -> None:
        if self._held and len(self._shown + self._held) <= _TYPED_BYTES:
            self._emit(self._held)
            self._shown, self._held = self._shown + self._held, b""

    def close(self) -> None:
        """Passes on what is held."""
        self._emit(self._held)
        self._shown = self._held = b""
