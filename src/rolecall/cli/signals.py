"""SIGINT, SIGTERM, SIGHUP and SIGQUIT ask the run to stop; a second one asks to kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rolecall.stop import Stop

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def stopping() -> Iterator[Stop]:
    """A Stop that signals set, while it lasts."""
    with Stop() as stop:

        def handle(number: int, frame: FrameType | None) -> None:
            stop.request(number)

        # One that is ignored stays so, as `nohup` wants it.
        numbers = [n for n in ENDING if signal.getsignal(n) is not signal.SIG_IGN]
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
