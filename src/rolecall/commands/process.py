"""One shell in its own process group: its output read as it comes, its end awaited or brought."""

from __future__ import annotations

import fcntl
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.stop import Stop

_CHUNK = 262_144
_PIPE_SIZE = 1_048_576
_POLL = 0.1
_IDLE_FLUSH = 1.0
_FIRST_MARK_FD = 100  # out of the way of the descriptors that scripts use
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", None)
KILL_WAIT = 5.0


@dataclass(kw_only=True, slots=True)
class Limits:
    """What may end a shell before its time.

    Attributes:
        grace: seconds between asking and killing.
        deadline, reason: on the monotonic clock, and what is said when it passes; asked for often,
            since each command of a list has its own.
    """

    grace: float
    stop: Stop
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
    def make(cls) -> Pipe:
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


@dataclass(kw_only=True, slots=True)
class Shell:
    """A running shell.

    Attributes:
        on_output: takes each chunk. on_idle: called when there was none for a second, with the
            seconds since the last.
    """

    process: subprocess.Popen[bytes]
    reader: int
    limits: Limits
    on_output: Callable[[bytes], None]
    on_idle: Callable[[float], None]
    _ending: str = ""
    _kill_at: float = field(default=float("inf"))
    _open: bool = True

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        pipe: Pipe,
        environ: Mapping[str, str],
        folder: Path,
        limits: Limits,
        on_output: Callable[[bytes], None],
        on_idle: Callable[[float], None],
    ) -> Shell:
        """Starts it. Its input is empty; both of its outputs are the pipe.

        Raises:
            OSError: where it can't be started. The pipe is closed.
        """
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=pipe.writer,
                stderr=pipe.writer,
                env=environ,
                cwd=folder,
                pass_fds=(pipe.mark_fd,),
                process_group=0,
            )
        except OSError:
            os.close(pipe.reader)
            raise
        finally:
            pipe.close_writers()
        return cls(
            process=process,
            reader=pipe.reader,
            limits=limits,
            on_output=on_output,
            on_idle=on_idle,
        )

    def wait(self) -> Ended:
        """Reads until the shell has ended, then ends what it left in its group."""
        try:
            self._read_until_ended()
            self._drain()
            self._end_leftovers()
            self._drain()
        finally:
            os.close(self.reader)
            if self.process.poll() is None:
                self._end_at_once()
        return Ended(exit_code=self.process.returncode, reason=self._ending)

    def _read_until_ended(self) -> None:
        quiet_since = time.monotonic()
        with selectors.DefaultSelector() as selector, _end_of(self.process) as end:
            selector.register(self.reader, selectors.EVENT_READ)
            selector.register(self.limits.stop, selectors.EVENT_READ)
            if end is not None:
                selector.register(end, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(_POLL)}
                # Asked each time: what runs on in the background may write without end.
                if (end is None or end in ready) and self.process.poll() is not None:
                    return
                if self._open and self.reader in ready:
                    quiet_since = time.monotonic()
                    if not self._read():
                        selector.unregister(self.reader)
                elif (quiet := time.monotonic() - quiet_since) >= _IDLE_FLUSH:
                    self.on_idle(quiet)
                if self.limits.stop.fileno() in ready:
                    selector.unregister(self.limits.stop)
                self._keep_limits()

    def _read(self) -> bool:
        """Passes on what is there; false at the end of the output."""
        if data := os.read(self.reader, _CHUNK):
            self.on_output(data)
        self._open = bool(data)
        return self._open

    def _drain(self) -> None:
        """Reads what is in the pipe; no more than it can hold, for it may be filled without end."""
        os.set_blocking(self.reader, False)
        with suppress(BlockingIOError):
            for _ in range(_PIPE_SIZE // _CHUNK + 1):
                if not self._open:
                    return
                self._read()

    def _keep_limits(self) -> None:
        now = time.monotonic()
        if not self._ending:
            deadline, reason = self.limits.deadline()
            if number := self.limits.stop.signal_number:
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
        kill_at = time.monotonic() + self.limits.grace
        while self._group_lives() and time.monotonic() < kill_at + KILL_WAIT:
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
            # As process 1 of a container we are the parent of what the shell left behind.
            os.waitpid(-self.process.pid, os.WNOHANG)
        try:
            os.killpg(self.process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True
