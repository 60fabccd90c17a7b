"""How close together AWS is called, where it says that it is called too often."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from rolecall.sessions.session import Monotonic

_FIRST = 0.005  # seconds
_WIDER, _CLOSER = 2.0, 0.9


class Pace:
    """Spaces the calls that many threads make, once AWS has refused one as too many.

    Each refusal doubles the gap between two calls, each call that passes narrows it by a tenth,
    until there is none again: additive rates and multiplicative gaps share what AWS allows among
    builds that know nothing of each other. Calls are drawn by lot within the gap, so that builds
    that began together don't go on in step. Safe in many threads.

    Args:
        longest: seconds that two calls are apart at most, on average.
        uniform: draws a number between two.
    """

    def __init__(
        self,
        longest: float,
        *,
        monotonic: Monotonic = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._longest, self._monotonic, self._uniform = longest, monotonic, uniform
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._widened = 0.0

    def turn(self) -> float:
        """Takes the next turn; returns the seconds until then. 0 where nothing is refused."""
        with self._lock:
            if not self._gap:
                return 0.0
            now = self._monotonic()
            self._next = max(now, self._next) + self._uniform(0, 2 * self._gap)
            return self._next - now

    def refused(self) -> None:
        """AWS refused a call. Those that were under way together count once."""
        with self._lock:
            now = self._monotonic()
            if not self._gap or now - self._widened >= self._gap:
                self._gap = min(self._longest, self._gap * _WIDER or _FIRST)
                self._widened = now

    def passed(self) -> None:
        """AWS took a call, whatever it answered."""
        with self._lock:
            self._gap *= _CLOSER
            if self._gap < _FIRST / 2:
                self._gap = 0.0
