"""Runs one target's commands and tells what became of each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from rolecall.commands import script
from rolecall.commands.pipe import Pipe
from rolecall.commands.process import Ended, Limits, Shell
from rolecall.commands.stdin import NOTHING, Stdin
from rolecall.commands.stream import AsItIs, Echo, Stream
from rolecall.commands.terminal import Pty
from rolecall.results import CommandResult, Status, exit_reason
from rolecall.secret import Mask
from rolecall.sessions.alarms import Alarms
from rolecall.settings.documents import Commands
from rolecall.stop import Stop
from rolecall.wording import seconds

_NEVER = float("inf")
_HEARTBEAT = 60.0
_RAN_NONE = "the shell ended with exit code 0 and had run none of the commands (SHELL)"


class Listener(Protocol):
    """Hears what happens while commands run. `number` counts from 1."""

    def command_started(self, number: int, count: int, command: str) -> None: ...

    def output(self, data: bytes) -> None:
        """Masked bytes: whole lines, or the beginning of one that is slow to end."""

    def still_running(self, elapsed: float) -> None:
        """Nothing was printed for a minute, and again for each further one."""

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        """Also for a command that was not run, which has not started."""


@runtime_checkable
class Apart(Listener, Protocol):
    """Hears what commands write to stderr apart from what they write to stdout."""

    def errors(self, data: bytes) -> None:
        """As `output`, of stderr."""


@runtime_checkable
class Verbatim(Listener, Protocol):
    """Hears the bytes as they are: where a line lacks its end, none is added."""

    verbatim: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to run and within which bounds. Times are in seconds; 0 is no limit.

    Attributes:
        shell: the argv that a script's path is added to. folder: the working folder.
    """

    commands: Commands
    shell: Sequence[str]
    folder: Path
    timeout: float
    command_timeout: float
    grace: float


def run(
    plan: Plan,
    *,
    scratch: Path,
    environ: Mapping[str, str],
    mask: Mask,
    listener: Listener,
    stop: Stop,
    alarms: Alarms,
    stdin: Stdin = NOTHING,
) -> tuple[CommandResult, ...]:
    """One result per command of the list, or one for the script. Never raises for a command.

    Args:
        scratch: a private folder that the scripts are written to.
    """
    tracker = _Tracker(plan, listener)
    first = Pty if stdin.shown else Pipe
    pipe, *apart = _made([first, Pipe] if isinstance(listener, Apart) else [first])
    written = script.write(plan.commands, scratch, shell=plan.shell, mark_fd=pipe.mark_fd)
    passing = AsItIs if isinstance(listener, Verbatim) else Stream
    kind = Echo if stdin.shown else passing
    stream = kind(mask=mask, emit=tracker.output, mark=written.mark, on_mark=tracker.on_mark)
    tracker.stream = stream
    beside = passing(mask=mask, emit=tracker.errors, mark=None, on_mark=tracker.on_mark)
    tracker.beside = beside
    if written.mark is None:
        tracker.started(0)
    try:
        shell = Shell.start(
            written.argv,
            ways=[(pipe, stream.feed), *((each, beside.feed) for each in apart)],
            environ=environ,
            folder=plan.folder,
            limits=Limits(grace=plan.grace, stop=stop, alarms=alarms, deadline=tracker.deadline),
            on_idle=tracker.on_idle,
            stdin=stdin,
        )
    except OSError as error:
        why = f"{plan.shell[0]} cannot be started: {error.strerror}"
        return tracker.finish(Ended(exit_code=127, reason=why))
    ended = shell.wait()
    stream.close()
    beside.close()
    return tracker.finish(ended)


def _made(kinds: Sequence[type[Pipe]]) -> list[Pipe]:
    """One of each, or none where not all of them can be had."""
    made: list[Pipe] = []
    try:
        made += (kind.make() for kind in kinds)
    except OSError:
        for pipe in made:
            pipe.close()
        raise
    return made


class _Tracker:
    """Follows which command runs now, since when, and what became of those before it."""

    stream: Stream
    beside: Stream | None = None

    def __init__(self, plan: Plan, listener: Listener) -> None:
        self._plan, self._listener = plan, listener
        self._items = plan.commands.items
        self._results: list[CommandResult] = []
        self._current: int | None = None
        self._begun = self._current_begun = self._last_output = time.monotonic()
        self._started_at = time.time()
        self._flushed = False
        self._heard = 0

    def started(self, number: int) -> None:
        self._current = number
        self._current_begun = self._last_output = time.monotonic()
        self._started_at = time.time()
        self._listener.command_started(number + 1, len(self._items), self._items[number])

    def on_mark(self, kind: bytes, number: int, code: int) -> None:
        # In turn or not at all: a command may print what looks like a mark.
        if kind == b"start" and self._current is None and number == len(self._results):
            self.stream.forget_tail()
            self.started(number)
        elif kind == b"end" and number == self._current:
            self._ended(code, "")

    def output(self, data: bytes) -> None:
        self._said()
        self._listener.output(data)

    def errors(self, data: bytes) -> None:
        """What comes of stderr, where that is apart."""
        self._said()
        if isinstance(self._listener, Apart):
            self._listener.errors(data)

    def _said(self) -> None:
        self._last_output = time.monotonic()
        self._heard, self._flushed = 0, False

    def on_idle(self, quiet: float) -> None:
        if not self._flushed:
            self.stream.flush()
            if self.beside:
                self.beside.flush()
            self._flushed = True
        beats = int((time.monotonic() - self._last_output) // _HEARTBEAT)
        if beats > self._heard:
            self._heard = beats
            self._listener.still_running(time.monotonic() - self._current_begun)

    def deadline(self) -> tuple[float, str]:
        plan = self._plan
        whole = self._begun + plan.timeout if plan.timeout else _NEVER
        own = self._current_begun + plan.command_timeout if plan.command_timeout else _NEVER
        if own < whole:
            return own, f"timed out: over COMMAND_TIMEOUT, {seconds(plan.command_timeout)}"
        return whole, f"timed out: over TIMEOUT, {seconds(plan.timeout)}"

    def finish(self, ended: Ended) -> tuple[CommandResult, ...]:
        """The results, once the shell has ended."""
        if self._current is None and not self._results:
            self.started(0)
            if not ended.exit_code:  # a shell that only reads what it is given, or is none
                ended = replace(ended, reason=ended.reason or _RAN_NONE)
        if self._current is not None:
            self._ended(ended.exit_code, ended.reason)
        elif ended.exit_code and self._results[-1].status is Status.SUCCEEDED:
            self._fail_last(ended)
        why = self._why_not_run()
        for number in range(len(self._results), len(self._items)):
            result = CommandResult(command=self._items[number], status=Status.NOT_RUN, reason=why)
            self._results.append(result)
            self._listener.command_ended(number + 1, len(self._items), result)
        # They hold each other, and with them the secrets of a session.
        del self.stream
        self.beside = None
        return tuple(self._results)

    def _ended(self, code: int, reason: str) -> None:
        number = self._current or 0
        failed = bool(code or reason)
        result = CommandResult(
            command=self._items[number],
            status=Status.FAILED if failed else Status.SUCCEEDED,
            exit_code=code if code >= 0 else 128 - code,
            started_at=self._started_at,
            seconds=time.monotonic() - self._current_begun,
            reason=(reason or exit_reason(code)) if failed else "",
            tail=self.stream.tail() if failed else (),
        )
        self._results.append(result)
        self._current = None
        self._listener.command_ended(number + 1, len(self._items), result)

    def _fail_last(self, ended: Ended) -> None:
        """The commands went well, and the shell did not: a trap, or a limit between two."""
        last = self._results[-1]
        why = ended.reason or f"{exit_reason(ended.exit_code)} of the shell after its commands"
        self._results[-1] = replace(
            last,
            status=Status.FAILED,
            exit_code=ended.exit_code,
            reason=why,
            tail=self.stream.tail(),
        )

    def _why_not_run(self) -> str:
        last = self._results[-1]
        if last.status is Status.FAILED:
            return "a command before it failed"
        return "the command before it ended the shell with exit code 0"
