"""A request to stop, that every wait of a run listens to."""

from __future__ import annotations

import _thread
import errno
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Self, TypeVar

from rolecall.errors import InterruptedRunError

T = TypeVar("T")
_NAP = 1.0  # seconds that a sleeper sleeps at most before it looks by itself
_LOOK = 0.1  # seconds between two looks at whether a stop was requested


def started(thread: threading.Thread) -> None:
    """Starts a thread.

    Raises:
        OSError: where the machine has no more threads to give.
    """
    try:
        thread.start()
    except RuntimeError:
        raise OSError(errno.EAGAIN, "no more threads can be started") from None


def start_some(threads: Iterable[threading.Thread]) -> list[threading.Thread]:
    """Starts as many as the machine lets start; returns those.

    Raises:
        OSError: where not even the first can be started.
    """
    running: list[threading.Thread] = []
    for thread in threads:
        try:
            started(thread)
        except OSError:
            if not running:
                raise
            break
        running.append(thread)
    return running


def in_thread(do: Callable[[], T]) -> Future[T]:
    """The coming result of `do`, in a thread that does not keep the process from ending."""
    future: Future[T] = Future()

    def fill() -> None:
        try:
            future.set_result(do())
        except BaseException as error:  # noqa: BLE001  whoever waits is to have it
            future.set_exception(error)

    started(threading.Thread(target=fill, daemon=True))
    return future


def joined(thread: threading.Thread) -> None:
    """Waits for its end.

    A signal that comes just before the wait begins would be heard only after it, if it had no end.
    """
    while thread.is_alive():
        thread.join(_LOOK)


def awaited(future: Future[T], meanwhile: Callable[[], object] = lambda: None) -> T:
    """The future's result, or what it raises; or what `meanwhile` does, called again and again.

    Signals are heard, as in `joined`.
    """
    while True:
        meanwhile()
        try:
            return future.result(_LOOK)
        except TimeoutError:
            if future.done():  # it is its own, or has come just now
                return future.result()


class Stop:
    """Set by a signal; wakes sleeps and selectors. Use it as a context manager.

    `request` is safe in a signal handler.

    Attributes:
        signal_number: the first signal's; None while there was none.
        reason: why, as a command that is ended for it gives it.
        urgent: there was a second one: kill what was asked to end.
        before_ending: called by whoever is about to end something for it; never in a handler.
    """

    def __init__(self) -> None:
        self.before_ending: Callable[[], object] = lambda: None
        self.signal_number: int | None = None
        self.reason = ""
        self.urgent = False
        self._children: list[Stop] = []
        self._event = threading.Event()
        self._reader, self._writer = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._reader)
        os.close(self._writer)

    @contextmanager
    def child(self) -> Iterator[Stop]:
        """A stop for a part of the run: what stops the whole stops it too, and not the reverse."""
        with Stop() as child:
            child.before_ending = self.before_ending
            self._children.append(child)
            if self.signal_number is not None:
                child.request(self.signal_number, self.reason)
            try:
                yield child
            finally:
                self._children.remove(child)

    def request(self, signal_number: int, reason: str = "interrupted") -> None:
        again = self.urgent = self.requested
        if not again:
            # The whole first: what a part of it ends at once is told as what this signal ended.
            self.reason, self.signal_number = reason, signal_number
        for child in self._children:
            if again or not child.requested:
                child.request(signal_number, reason)
        if not again:
            os.write(self._writer, b"!")
            # Setting an event takes its lock, which the interrupted thread may hold. Where no other
            # thread can be had, sleepers look by themselves.
            with suppress(RuntimeError):
                _thread.start_new_thread(self._event.set, ())

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
            self._event.wait(min(left, _NAP))
        self.check()

    def run(self, do: Callable[[], T]) -> T:
        """The answer of `do`, or InterruptedRunError as soon as a stop is requested.

        `do` runs in a thread of its own, which goes on when nobody waits for it any more.
        """
        return self.wait(in_thread(do))

    def wait(self, future: Future[T]) -> T:
        """The future's result, or InterruptedRunError as soon as a stop is requested."""
        return awaited(future, self.check)

    def check(self) -> None:
        """Raises InterruptedRunError once a stop is requested."""
        if self.signal_number is not None:
            raise InterruptedRunError(self.signal_number)
