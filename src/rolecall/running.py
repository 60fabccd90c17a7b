"""What runs now, for whoever watches to be told as soon as a signal asks it to end."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from rolecall.report.interruption import Interruption
from rolecall.report.view import View
from rolecall.stop import Stop, joined, started

_LOOK = 0.1  # seconds between two looks at whether there was a second signal
# So long what is ended waits for that to be said first: a log that stands still holds up nobody.
_PATIENCE = 0.3


class Running:
    """Counts what runs and, as a context manager, tells a view of signals as they come.

    Args:
        grace: seconds between asking commands to end and killing them.
        noun: what a target in one of its regions is called.
    """

    def __init__(self, view: View, stop: Stop, *, grace: float, noun: str) -> None:
        self._view, self._stop, self._grace, self._noun = view, stop, grace, noun
        self._count, self._once = 0, ""
        self._told: set[bool] = set()
        self._lock = threading.Lock()
        self._over, self._said = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._pipe: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        with suppress(OSError):  # the machine has no more: it is told at the end
            self._pipe = os.pipe()
            thread = threading.Thread(target=self._watch, name="signals", daemon=True)
            started(thread)
            self._thread = thread
            self._stop.before_ending = self._await_said
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        if self._thread:
            os.write(self._pipe[1], b"!")
            joined(self._thread)
        for descriptor in self._pipe:
            os.close(descriptor)
        self._tell(killing=False)

    @contextmanager
    def one(self) -> Iterator[None]:
        """A target runs in a region."""
        self._add(1)
        try:
            yield
        finally:
            self._tell_both()  # what ends within a moment was ended all the same
            self._add(-1)

    @contextmanager
    def once(self, name: str) -> Iterator[None]:
        """The commands before the first or after the last target run."""
        self._once = name
        try:
            yield
        finally:
            self._tell_both()
            self._once = ""

    def _add(self, number: int) -> None:
        with self._lock:
            self._count += number

    def _await_said(self) -> None:
        if self._stop.requested:  # else something else ends a part of the run
            self._said.wait(_PATIENCE)

    def _watch(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            selector.register(self._pipe[0], selectors.EVENT_READ)
            selector.select()
        self._tell(killing=False)
        self._said.set()
        while not self._over.wait(_LOOK):
            if self._count or self._once:
                self._tell_both()

    def _tell_both(self) -> None:
        self._tell(killing=False)
        if self._stop.urgent:
            self._tell(killing=True)

    def _tell(self, *, killing: bool) -> None:
        number = self._stop.signal_number
        with self._lock:
            if number is None or killing in self._told:
                return
            self._told.add(killing)
            # What runs now: it may have ended before the view has taken it.
            told = Interruption(
                signal_number=number,
                running=self._count,
                noun=self._noun,
                once=self._once,
                grace=self._grace,
                killing=killing,
            )
        self._view.interrupted(told)
