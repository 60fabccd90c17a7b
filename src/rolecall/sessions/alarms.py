"""One thread that waits for many times, since a thread for each would cost what a session does."""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rolecall.sessions.session import Monotonic
from rolecall.stop import started


@dataclass(order=True, slots=True)
class Alarm:
    """What is called at a time, on the monotonic clock; None once it is off."""

    at: float
    do: Callable[[], None] | None = field(compare=False)

    def off(self) -> None:
        """It need not ring any more, and holds nothing until it would have."""
        self.do = None


class Alarms:
    """Calls what has come due, which must return soon. Safe in many threads."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._pending: list[Alarm] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def set(self, at: float, do: Callable[[], None]) -> Alarm:
        """Calls `do` at that time.

        Raises:
            OSError: where the machine has no thread to wait with.
        """
        alarm = Alarm(at=at, do=do)
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                started(thread)
                self._thread = thread
            heapq.heappush(self._pending, alarm)
            if self._pending[0] is alarm:
                self._changed.notify()
        return alarm

    def _run(self) -> None:
        while True:
            _ring(self._next())  # and then nothing here holds what it has called

    def _next(self) -> Alarm:
        """The earliest one, once it is due."""
        with self._changed:
            while True:
                left = self._pending[0].at - self._monotonic() if self._pending else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._pending)
                self._changed.wait(left)


def _ring(alarm: Alarm) -> None:
    if do := alarm.do:
        try:
            do()
        except Exception:  # noqa: BLE001  the others' times come all the same
            told = (*sys.exc_info(), threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(told))
