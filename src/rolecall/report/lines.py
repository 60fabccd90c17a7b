"""The lines of a console: rolecall's own and those of commands, none torn by another."""

from __future__ import annotations

import threading
import time

from rolecall import wording
from rolecall.report.view import ByteSink
from rolecall.results import CommandResult, Status
from rolecall.secret import Mask

_RAN = (Status.SUCCEEDED, Status.FAILED)
_NARROWEST = 40
_LONGEST_HELD, _LONGEST_WAIT = 65_536, 60.0
COLOURS = {
    Status.SUCCEEDED: "32",
    Status.SUCCEEDED_BEFORE: "32",
    Status.FAILED: "31",
    Status.NOT_ASSUMED: "31",
    Status.NOT_RUN: "33",
}


def label(command: str) -> str:
    """A command by its first line that says something, and how many more there are."""
    lines = [wording.printable(line.strip()) for line in command.splitlines()]
    said = [line for line in lines if line and not line.startswith("#")] or lines or [""]
    first = next(filter(wording.says_something, said), said[0])
    return f"{first} (+{wording.count(len(said) - 1, 'line')})" if len(said) > 1 else first


class Lines:
    """A stream that many threads write to.

    Args:
        mask: for what rolecall itself says.
    """

    def __init__(self, stream: ByteSink, *, mask: Mask, colour: bool) -> None:
        self._stream, self._mask, self._colour = stream, mask, colour
        self._at_line_start = True
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Writes lines of rolecall's own, never into the middle of another."""
        with self._lock:
            start = b"" if self._at_line_start else b"\n"
            said = wording.harmless(text, colours=True).encode(errors="replace")
            self._write(start + self._mask.apply(said) + b"\n")

    def pass_on(self, data: bytes) -> None:
        """Writes output of commands as it is."""
        with self._lock:
            self._write(data)

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()
        self._at_line_start = data.endswith(b"\n")

    def painted(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text


class CommandLines:
    """Tells of one target's commands. See commands.run.Listener.

    Args:
        prefix: stands before each line, where other targets run at the same time; may be empty.
        width: columns for what rolecall says, where the prefix leaves so many.
    """

    def __init__(self, lines: Lines, prefix: str = "", *, width: int = 80) -> None:
        self._lines, self._prefix = lines, prefix
        self._room = max(_NARROWEST, width - wording.columns(prefix))
        self._mark = prefix.encode()
        self._held = b""
        self._held_since = 0.0

    def command_started(self, number: int, count: int, command: str) -> None:
        # The plan has said it, and it would stand there once for each target.
        if count > 1 or not self._prefix:
            self._lines.say(self._prefix + self._lines.painted("36", f"$ {label(command)}"))

    def output(self, data: bytes) -> None:
        if not self._mark:
            self._lines.pass_on(data)
            return
        data = self._held + data
        end = data.rfind(b"\n") + 1
        if not self._held or end:
            self._held_since = time.monotonic()
        rest = data[end:]
        self._held = _last_of_progress(rest) + (b"\r" if rest.endswith(b"\r") else b"")
        whole = data[:end]
        waited = time.monotonic() - self._held_since
        if len(self._held) > _LONGEST_HELD or (self._held and waited > _LONGEST_WAIT):
            whole += self._held + b"\n"
            self._held = b""
        if whole:
            self._lines.pass_on(self._prefixed(whole))

    def _prefixed(self, whole: bytes) -> bytes:
        if b"\r" in whole:
            whole = b"".join(_last_of_progress(line) + b"\n" for line in whole.split(b"\n")[:-1])
        return self._mark + whole[:-1].replace(b"\n", b"\n" + self._mark) + b"\n"

    def still_running(self, elapsed: float) -> None:
        self._say("", f"(still running, {wording.seconds(elapsed)}, no output for a minute)")

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        if count > 1 or result.status is not Status.SUCCEEDED:
            reason = f": {result.reason}" if result.reason else ""
            spent = f" ({wording.seconds(result.seconds)})" if result.status in _RAN else ""
            text = f"[{number}/{count}] {result.status}{reason}{spent}"
            self._say(COLOURS[result.status], text)

    def _say(self, code: str, text: str) -> None:
        lines = wording.wrapped(text, self._room, "", "    ").split("\n")
        said = (self._lines.painted(code, line) if code else line for line in lines)
        self._lines.say("\n".join(self._prefix + line for line in said))


def _last_of_progress(line: bytes) -> bytes:
    """What a terminal would show of a line that is written over and over."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]
