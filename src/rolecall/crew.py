"""Threads that run what a board hands out."""

from __future__ import annotations

import threading
from typing import Generic, Protocol, TypeVar

from rolecall.schedule import Board
from rolecall.stop import joined, start_some

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Work(Protocol[T_contra]):
    """What a crew does with lanes."""

    def begin(self, lane: T_contra, /) -> None:
        """The lane is the next. Called for one lane at a time, in the board's order."""

    def do(self, lane: T_contra, /) -> bool:
        """Runs the lane and says whether it succeeded. Called from many threads at once."""

    def exceeded(self) -> None:
        """More have failed than may: nothing more begins. Called once."""


class Crew(Generic[T]):
    """As many threads as lanes may ever run at once."""

    def __init__(self, board: Board[T], work: Work[T]) -> None:
        self._board, self._work = board, work
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Returns when nothing runs and nothing will begin.

        What the work raises is raised here, once what runs has been finished.
        """
        threads = [
            threading.Thread(target=self._run, name=f"lane {number}", daemon=True)
            for number in range(1, self._board.width + 1)
        ]
        for thread in start_some(threads):
            joined(thread)
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            while (lane := self._take()) is not None:
                self._do(lane)
        except BaseException as error:  # noqa: BLE001  `run` raises it
            self._fail(error)

    def _do(self, lane: T) -> None:
        failed = True
        try:
            failed = not self._work.do(lane)
        except BaseException as error:  # noqa: BLE001  `run` raises it
            self._fail(error)
        finally:
            self._end(failed=failed)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._board.close()
            self._changed.notify_all()

    def _take(self) -> T | None:
        with self._changed:
            while (lane := self._board.next()) is None and self._board.more:
                self._changed.wait()
            if lane is not None:
                self._work.begin(lane)
            return lane

    def _end(self, *, failed: bool) -> None:
        with self._changed:
            before = self._board.exceeded
            self._board.ended(failed=failed)
            if self._board.exceeded and not before:
                self._work.exceeded()
            self._changed.notify_all()
