"""One request to stop, that every wait of a run listens to."""

from __future__ import annotations

import os
import threading
import time
from typing import Self

from rolecall.errors import InterruptedRunError


class Stop:
    """Set by a signal; wakes sleeps and selectors. Use it as a context manager.

    `request` is safe in a signal handler.

    Attributes:
        signal_number: the first signal's; None while there was none.
        urgent: there was a second one: kill what was asked to end.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.urgent = False
        self._event = threading.Event()
        self._reader, self._writer = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._reader)
        os.close(self._writer)

    def request(self, signal_number: int) -> None:
        self.urgent = self.requested
        if not self.requested:
            self.signal_number = signal_number
            os.write(self._writer, b"!")
            # Setting an event takes its lock, which the interrupted thread may hold.
            threading.Thread(target=self._event.set, daemon=True).start()

    @property
    def requested(self) -> bool:
        return self.signal_number is not None

    def fileno(self) -> int:
        """Readable once a stop is requested."""
        return self._reader

    def sleep(self, seconds: float) -> None:
        """Waits, or raises InterruptedRunError as soon as a stop is requested."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.requested:
            self._event.wait(left)
        self.check()

    def check(self) -> None:
        """Raises InterruptedRunError once a stop is requested."""
        if self.signal_number is not None:
            raise InterruptedRunError(self.signal_number)
