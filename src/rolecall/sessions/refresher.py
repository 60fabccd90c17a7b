"""Keeps one target's session fresh while its commands run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Self

from rolecall.errors import AssumeError, FileError
from rolecall.logs import Log, hushed
from rolecall.sessions.alarms import Alarm, Alarms
from rolecall.sessions.retry import Sleep
from rolecall.sessions.session import Monotonic, Session
from rolecall.stop import started

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_LEAST_APART = 1.0  # seconds between two tries


class _ClosedError(Exception):
    """The commands have ended: no renewal is needed any more."""


class Refresher:
    """Renews a session when half of its time is gone. Use it as a context manager.

    A renewal that fails is said in the log and tried again; the session in use stays. Once that has
    ended, which is said too, it is tried further and further apart, and nothing more is said. One
    that is under way at the end of the commands is not waited for, and comes to nothing.

    Args:
        session: the one in use now.
        assume: gets the next; takes what to sleep with.
        use: makes the next the one in use.
        alarms: wait for the time to begin; from then on it has a thread of its own.
    """

    def __init__(
        self,
        session: Session,
        *,
        assume: Callable[[Sleep], Session],
        use: Callable[[Session], None],
        name: str,
        alarms: Alarms,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._session, self._assume, self._use = session, assume, use
        self._monotonic = monotonic
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._log = Log(target=name, account_id=session.account_id)
        self._name, self._alarms = name, alarms
        self._alarm: Alarm
        self._apart = 0.0  # seconds between two tries, once the session has ended; 0 before

    def __enter__(self) -> Self:
        self._alarm = self._alarms.set(self._due(), self._begin)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._alarm.off()
        with self._using:
            self._closed.set()

    def _due(self) -> float:
        half = self._session.deadline - self._session.lifetime / 2
        return max(self._monotonic() + _SHORTEST_PAUSE, half)

    def _begin(self) -> None:
        try:
            started(threading.Thread(target=self._run, name=f"renew {self._name}", daemon=True))
        except (OSError, MemoryError) as error:
            pause = self._failed(error)
            self._alarm = self._alarms.set(self._monotonic() + pause, self._begin)

    def _run(self) -> None:
        try:
            self._sleep(0)
            while True:
                self._renew()
                self._sleep(self._due() - self._monotonic())
        except _ClosedError:
            return

    def _renew(self) -> None:
        try:
            with hushed() if self._apart else nullcontext():
                session = self._assume(self._sleep)
            with self._using:
                self._sleep(0)
                self._use(session)
        except (AssumeError, FileError, OSError, MemoryError) as error:
            # Of a machine that has no more for a moment too: nobody else would renew it later.
            self._sleep(self._failed(error))
        else:
            self._session, self._apart = session, 0.0
            self._log.debug("session_renewed", lifetime_seconds=round(session.lifetime))

    def _failed(self, error: Exception) -> float:
        """Says so; returns the seconds until it is tried again."""
        why = {"reason": str(error) or "out of memory"}
        if isinstance(error, AssumeError):
            why = {"reason": error.reason, "remedy": error.remedy}
        left = self._session.deadline - self._monotonic()
        if left <= 0:
            if not self._apart:
                self._log.warning("session_ended", **why)
            self._apart = min(_LONGEST_PAUSE, 2 * (self._apart or _LEAST_APART))
            return self._apart
        pause = min(_LONGEST_PAUSE, max(_LEAST_APART, left / 4))
        self._log.warning(
            "renewal_failed", **why, seconds_left=round(left), again_in=round(pause, 1)
        )
        return pause

    def _sleep(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError
