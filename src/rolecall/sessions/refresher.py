"""Keeps one target's session fresh while its commands run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

import structlog

from rolecall.errors import AssumeError, FileError
from rolecall.sessions.retry import Sleep
from rolecall.sessions.session import Monotonic, Session
from rolecall.stop import started

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


class _ClosedError(Exception):
    """The commands have ended: no renewal is needed any more."""


class Refresher:
    """Renews a session when half of its time is gone. Use it as a context manager.

    A renewal that fails is said in the log and tried again; the session in use stays. One that is
    under way at the end is not waited for, and comes to nothing.

    Args:
        session: the one in use now.
        assume: gets the next; takes what to sleep with.
        use: makes the next the one in use.
    """

    def __init__(
        self,
        session: Session,
        *,
        assume: Callable[[Sleep], Session],
        use: Callable[[Session], None],
        name: str,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._session, self._assume, self._use = session, assume, use
        self._monotonic = monotonic
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._log = structlog.get_logger("rolecall.sessions").bind(
            target=name, account_id=session.account_id
        )
        self._thread = threading.Thread(target=self._run, name=f"renew {name}", daemon=True)

    def __enter__(self) -> Self:
        started(self._thread)
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._using:
            self._closed.set()

    def _run(self) -> None:
        try:
            while True:
                half = self._session.deadline - self._session.lifetime / 2
                self._sleep(max(_SHORTEST_PAUSE, half - self._monotonic()))
                self._renew()
        except _ClosedError:
            return

    def _renew(self) -> None:
        try:
            session = self._assume(self._sleep)
            with self._using:
                self._sleep(0)
                self._use(session)
        except (AssumeError, FileError) as error:
            left = max(0.0, self._session.deadline - self._monotonic())
            pause = min(_LONGEST_PAUSE, max(1.0, left / 4))
            self._log.warning(
                "renewal_failed", reason=str(error), seconds_left=round(left), again_in=pause
            )
            self._sleep(pause)
        else:
            self._session = session
            self._log.debug("session_renewed", lifetime_seconds=round(session.lifetime))

    def _sleep(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError
