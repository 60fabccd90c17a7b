"""One shell in its own session: its output read as it comes, its end awaited or brought."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.commands.pipe import Inlet, Pipe
from rolecall.commands.stdin import Stdin
from rolecall.commands.terminal import Pty, Typed
from rolecall.sessions.alarms import Alarm, Alarms
from rolecall.stop import Stop

_POLL = 0.1
_STUCK = 1.0  # seconds without a look at the limits: who reads is held up by a log nobody reads
_IDLE_FLUSH = 1.0
_MOMENT = 0.05
KILL_WAIT = 5.0


@dataclass(kw_only=True, slots=True)
class Limits:
    """What may end a shell before its time.

    Attributes:
        grace: seconds between asking and killing.
        alarms: look after the limits while the log stands still.
        deadline, reason: on the monotonic clock, and what is said when it passes; asked for often,
            since each command of a list has its own.
    """

    grace: float
    stop: Stop
    alarms: Alarms
    deadline: Callable[[], tuple[float, str]]


@contextmanager
def _end_of(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """A descriptor that is readable once the process has ended; None where there is no such."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or a container that forbids it: polling will do
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a shell ended: as `subprocess` says, and why, where rolecall brought it about."""

    exit_code: int
    reason: str = ""


@dataclass(kw_only=True, slots=True)
class Shell:
    """A running shell.

    Attributes:
        inlets: what it writes comes out there. on_idle: called when there was nothing for a second,
            or for a moment where it is at a terminal, with the seconds since the last.
        typed: what is typed there; None where it has no terminal.
    """

    process: subprocess.Popen[bytes]
    inlets: Sequence[Inlet]
    limits: Limits
    on_idle: Callable[[float], None]
    typed: Typed | None = None
    _ending: str = ""
    _kill_at: float = field(default=float("inf"))
    _looked_at: float = field(default_factory=time.monotonic)
    _over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _alarm: Alarm | None = None

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        ways: Sequence[tuple[Pipe, Callable[[bytes], None]]],
        environ: Mapping[str, str],
        folder: Path,
        limits: Limits,
        on_idle: Callable[[float], None],
        stdin: Stdin,
    ) -> Shell:
        """Starts it.

        Args:
            ways: where it writes, with who takes each chunk: both outputs, or stdout and stderr.
                The first is a terminal where what is typed is shown.

        Raises:
            OSError: where it can't be started. The pipes are closed.
        """
        inlets = [Inlet(reader=pipe.reader, hear=hear) for pipe, hear in ways]
        out, typed = ways[0][0], None
        try:
            if isinstance(out, Pty) and stdin.descriptor is not None:
                typed = Typed(stdin.descriptor, out)
                argv = out.taken(argv, errors=len(ways) == 1)
            with stdin.opened() as descriptor:
                process = subprocess.Popen(  # noqa: S603  running the user's commands is the job
                    argv,
                    stdin=out.writer if typed else descriptor,
                    stdout=out.writer,
                    stderr=ways[-1][0].writer,
                    env=environ,
                    cwd=folder,
                    pass_fds=(out.mark_fd,),
                    # A session, and so a group. No terminal is its own: what asks at /dev/tty is
                    # refused at once, where a group in the background would be stopped for ever.
                    start_new_session=True,
                )
        except OSError:
            for inlet in inlets:
                inlet.close()
            raise
        finally:
            for pipe, _ in ways:
                pipe.close_writers()
        return cls(process=process, inlets=inlets, limits=limits, on_idle=on_idle, typed=typed)

    def wait(self) -> Ended:
        """Reads until the shell has ended, then ends what it left in its group."""
        try:
            self._watch()
            with self.typed.raw() if self.typed else nullcontext():
                self._read_until_ended()
                self._drain()
            self._end_leftovers()
            self._drain()
        finally:
            with self._lock:
                self._over = True
            if self._alarm:
                self._alarm.off()
            for inlet in self.inlets:
                inlet.close()
            if self.process.poll() is None:
                self._end_at_once()
        return Ended(exit_code=self.process.returncode, reason=self._ending)

    def _watch(self) -> None:
        # Where no thread can be had, whoever reads keeps the limits alone.
        with suppress(OSError, MemoryError):
            self._alarm = self.limits.alarms.set(time.monotonic() + _STUCK, self._look)

    def _look(self) -> None:
        with self._lock:
            if self._over:  # its number may be another process's by now
                return
            if time.monotonic() - self._looked_at > _STUCK:
                self._end_what_must()
            self._watch()

    def _ended(self) -> bool:
        with self._lock:
            self._over = self.process.poll() is not None
            return self._over

    def _read_until_ended(self) -> None:
        quiet_since = time.monotonic()
        with selectors.DefaultSelector() as selector, _end_of(self.process) as end:
            for inlet in self.inlets:
                selector.register(inlet.reader, selectors.EVENT_READ)
            selector.register(self.limits.stop, selectors.EVENT_READ)
            if end is not None:
                selector.register(end, selectors.EVENT_READ)
            patience = _MOMENT if self.typed else _IDLE_FLUSH
            while True:
                ready = {key.fd for key, _ in selector.select(_POLL)}
                # Asked each time: what runs on in the background may write without end.
                if (end is None or end in ready) and self._ended():
                    return
                if talking := [inlet for inlet in self.inlets if inlet.reader in ready]:
                    quiet_since = time.monotonic()
                    for inlet in talking:
                        if not inlet.read():
                            selector.unregister(inlet.reader)
                elif (quiet := time.monotonic() - quiet_since) >= patience:
                    self.on_idle(quiet)
                self._pass_on_typed(selector, ready)
                if self.limits.stop.fileno() in ready:
                    selector.unregister(self.limits.stop)
                self._keep_limits()

    def _pass_on_typed(self, selector: selectors.BaseSelector, ready: Collection[int]) -> None:
        if (typed := self.typed) is None:
            return
        typed.keep_up()
        known = typed.fileno() in selector.get_map()
        if known and typed.fileno() in ready:
            typed.read()
        if typed.wants_more and not known:
            selector.register(typed, selectors.EVENT_READ)
        elif known and not typed.wants_more:
            selector.unregister(typed)

    def _drain(self) -> None:
        for inlet in self.inlets:
            inlet.drain()

    def _keep_limits(self) -> None:
        with self._lock:
            self._looked_at = time.monotonic()
            self._end_what_must()

    def _end_what_must(self) -> None:
        now = time.monotonic()
        if not self._ending:
            deadline, reason = self.limits.deadline()
            if number := self.limits.stop.signal_number:
                self.limits.stop.before_ending()
                self._end(number, self.limits.stop.reason, now)
            elif now >= deadline:
                self._end(signal.SIGTERM, reason, now)
        elif now >= self._kill_at or self.limits.stop.urgent:
            self._signal(signal.SIGKILL)

    def _end(self, number: int, reason: str, now: float) -> None:
        self._ending = reason
        self._kill_at = now + self.limits.grace
        self._signal(number)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _end_leftovers(self) -> None:
        """Background jobs end with their shell: nothing of one target runs beside the next."""
        if self._group_lives():
            self._signal(signal.SIGTERM)
        # What was told to end with its shell has had a part of its time.
        kill_at = self._kill_at if self._ending else time.monotonic() + self.limits.grace
        give_up_at = max(kill_at, time.monotonic()) + KILL_WAIT
        while self._group_lives() and time.monotonic() < give_up_at:
            if time.monotonic() >= kill_at or self.limits.stop.urgent:
                self._signal(signal.SIGKILL)
            time.sleep(_POLL / 10)

    def _end_at_once(self) -> None:
        """Something went wrong here: the shell is asked to end all the same before it is killed."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(self.limits.grace)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _group_lives(self) -> bool:
        with suppress(ChildProcessError):
            # Where orphans fall to us, as to a subreaper, we are the parent of what it left behind.
            os.waitpid(-self.process.pid, os.WNOHANG)
        try:
            os.killpg(self.process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True
