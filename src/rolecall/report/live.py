"""The log for people who watch: above, what the console says; below, how each target stands."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence

from rolecall import wording
from rolecall.commands.run import Listener
from rolecall.report.console import Console
from rolecall.report.frame import Frame
from rolecall.report.interruption import Interruption
from rolecall.report.lines import label
from rolecall.report.progress import Progress, Row
from rolecall.report.screen import Screen
from rolecall.results import CommandResult, Outcome, Result
from rolecall.settings import Settings
from rolecall.targets import Target

_MOST_KEPT = 1_000


class Live:
    """A view for a terminal, where several targets run at once.

    Args:
        console: writes to the screen. What remains at the end is what it has written.
        clock: seconds, from any start.
    """

    def __init__(
        self,
        console: Console,
        screen: Screen,
        *,
        colour: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._screen = console, screen
        self._colour, self._clock = colour, clock
        self._lock = threading.Lock()
        self._progress: Progress
        self._frame: Frame

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        self._console.planned(settings, targets, count)
        self._progress = Progress(settings, targets, self._clock)
        self._frame = Frame(self._progress, colour=self._colour)

    def skipped(self, results: Sequence[Result], left: int) -> None:
        with self._lock:
            self._progress.skip(results)
        self._console.skipped(results, left)

    def preflight_started(self, count: int) -> None:
        self._console.preflight_started(count)

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None:
        self._console.preflight_goes_on(done, count, seconds)

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        self._console.preflight_ended(failures, count, seconds)

    def once_started(self, name: str) -> Listener:
        """Nothing else runs beside these commands: the terminal is theirs."""
        self._screen.rest()
        return self._console.once_started(name)

    def wave_started(self, number: int, count: int, targets: int) -> None:
        with self._lock:
            self._progress.wave = number
        self._console.wave_started(number, count, targets)

    def target_started(self, target: Target, region: str) -> Listener:
        with self._lock:
            row = self._progress.start(target.name, region)
        self._screen.show(self._lines)
        return _Watched(self._console.target_started(target, region), row)

    def target_ended(self, result: Result) -> None:
        with self._lock:
            if (result.target, result.region) in self._progress.running:
                self._progress.end(result)
        self._console.target_ended(result)

    def interrupted(self, interruption: Interruption) -> None:
        with self._lock:
            self._progress.interrupted = True
        self._console.interrupted(interruption)

    def finished(self, outcome: Outcome, report: str) -> None:
        self._screen.rest()
        self._console.finished(outcome, report)

    def _lines(self, columns: int, rows: int) -> Sequence[str]:
        with self._lock:
            return self._frame.lines(columns, rows)


def _telling(data: bytes) -> bytes:
    """The last line that says something; empty where none does: the one before is worth more."""
    lines = re.split(r"[\r\n]", data.decode(errors="replace"))
    return next(filter(wording.says_something, reversed(lines)), "").encode()


class _Watched:
    """Tells the console, and keeps what was said last."""

    def __init__(self, told: Listener, row: Row) -> None:
        self._told, self._row = told, row

    def command_started(self, number: int, count: int, command: str) -> None:
        self._row.said = f"$ {label(command)}".encode(errors="replace")
        self._told.command_started(number, count, command)

    def output(self, data: bytes) -> None:
        if line := _telling(data[-_MOST_KEPT:]):
            self._row.said = line
        self._told.output(data)

    def still_running(self, elapsed: float) -> None:
        self._told.still_running(elapsed)

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        self._told.command_ended(number, count, result)
