"""SIGINT and SIGTERM ask the run to stop; a second one asks to kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rolecall.stop import Stop


@contextmanager
def stopping() -> Iterator[Stop]:
    """A Stop that signals set, while it lasts."""
    with Stop() as stop:

        def handle(number: int, frame: FrameType | None) -> None:
            stop.request(number)

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
