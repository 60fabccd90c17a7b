"""Holds a state while a run lasts: writes what succeeded at once, and shows that it lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from rolecall.errors import AssumeError, InterruptedRunError, StateError
from rolecall.logs import Log
from rolecall.sessions.session import Monotonic
from rolecall.state.lock import Held
from rolecall.state.model import State, encoded
from rolecall.state.store import ConflictError, Store
from rolecall.stop import joined

# Of a lease: how often life is shown, and when it no longer counts as ours.
_RENEWED, _SAFE = 1 / 3, 0.9
_LOOK = 0.1  # seconds between two looks at what is waited for: signals are heard meanwhile
_AGAIN = 5.0  # seconds until what could not be written is tried again


class Keeper:
    """One thread writes for all: what came while it was writing goes together the next time.

    Args:
        held: what `lock.take` gave.
    """

    def __init__(self, store: Store, held: Held, monotonic: Monotonic = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._state, self._version, self._written_at = held.state, held.version, held.at
        assert held.state.owner is not None  # noqa: S101  that is what holding is
        self._lease = held.state.owner.lease
        self._asked = self._tried = self._written = 0
        self._lost, self._gone, self._failing, self._closed = "", False, False, False
        self._changed = threading.Condition()
        self._log = Log()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        return self._state

    def lost(self) -> str:
        """Why this process holds the state no longer; empty while it does. Once lost stays lost."""
        with self._changed:
            if self._store.leased and not self._lost:
                silent = self._monotonic() - self._written_at
                if silent > self._lease * _SAFE:
                    self._lost = (
                        f"its lock on {self._store.where} was not renewed for {silent:.0f} s, so"
                        " that another run may have taken it over"
                    )
            elif not self._lost and self._store.taken():
                self._lost = f"{self._store.where} was cleared, or is another run's"
            return self._lost

    def change(self, change: Callable[[State], State]) -> bool:
        """Makes a change and waits until it is written; whether it was.

        What could not be written goes along with the next that is.
        """
        with self._changed:
            self._state = change(self._state)
            self._asked += 1
            mine = self._asked
            self._changed.notify_all()
            while self._tried < mine:
                self._changed.wait(_LOOK)
            return self._written >= mine

    def close(self) -> None:
        """Lets go of the state, with a last try to write what was not."""
        with self._changed:
            self._state = replace(self._state, owner=None)
            self._closed = True
            self._changed.notify_all()
        joined(self._thread)
        self._store.release()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._due, self._pause())
                closed, state, number = self._closed, self._state, self._asked
                # Whoever has succeeded waits for it; signs of life come again by themselves.
                patient = number > self._tried and not (self._failing or closed)
            self._write(state, number, patient=patient, closed=closed)
            if closed:
                return

    def _due(self) -> bool:
        return self._closed or self._asked > self._tried

    def _pause(self) -> float | None:
        """How long nothing need be written, if nothing succeeds."""
        renewed = self._lease * _RENEWED if self._store.leased else None
        if self._gone or not (self._failing or self._written < self._asked):
            return renewed
        return min(_AGAIN, renewed or _AGAIN)

    def _warn(self, reason: str) -> None:
        with suppress(OSError, MemoryError):  # whoever waits must not wait for ever
            self._log.warning("state_not_written", reason=reason)

    def _write(self, state: State, number: int, *, patient: bool, closed: bool) -> None:
        at, failure, version = self._monotonic(), "", ""
        try:
            if not self._gone:
                version = self._put(encoded(state), patient=patient)
        except ConflictError as error:
            self._gone = True
            failure = str(error)
        except StateError as error:
            failure = error.reason
        except AssumeError as error:  # the source's own credentials could not be had
            failure = f"{self._store.where} cannot be written: {error.reason}"
        except Exception as error:  # noqa: BLE001  whoever waits must not wait for ever
            failure = f"{self._store.where} cannot be written: {type(error).__name__}"
        if failure and not self._failing:  # before anybody goes on, and may tell of a success
            self._warn(failure)
        elif failure and closed and not self._gone:
            self._warn(f"{failure}; a retry will run again what has succeeded since")
        with self._changed:
            self._tried = number
            if self._gone:
                self._lost = self._lost or failure
            elif not failure:
                self._written, self._version, self._written_at = number, version, at
            self._failing = bool(failure) or self._gone
            self._changed.notify_all()

    def _put(self, data: bytes, *, patient: bool) -> str:
        try:
            return self._store.write(data, self._version, patient=patient)
        except InterruptedRunError:  # the run is to end: no time to be patient
            return self._store.write(data, self._version, patient=False)
