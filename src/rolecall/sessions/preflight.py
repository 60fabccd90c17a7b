"""Assumes every role, a few at a time, before anything is deployed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue

from rolecall.errors import AssumeError
from rolecall.sessions.assume import Assumer
from rolecall.sessions.session import Session
from rolecall.sessions.source import CONCURRENCY
from rolecall.stop import Stop, start_some
from rolecall.targets import Target

# How many are submitted before the first is taken: thousands of waiting futures weigh a lot.
_AHEAD = 4 * CONCURRENCY
# After so many roles in a row for which AWS could not be reached, the rest are not tried.
_ENOUGH = CONCURRENCY
Answer = Session | AssumeError
_Job = tuple[Target, Future[Answer]]


def assume_all(
    assumer: Assumer, targets: Iterable[Target], stop: Stop
) -> Iterator[tuple[Target, Answer]]:
    """Each target with its session, or with why it has none, in the order given.

    Raises:
        InterruptedRunError: as soon as a stop is asked for; calls in flight are left alone.
    """
    crew = _Crew(assumer, stop)
    pending: deque[_Job] = deque()
    try:
        for target in targets:
            pending.append(crew.submit(target))
            if len(pending) > _AHEAD:
                yield crew.take(pending.popleft())
        while pending:
            yield crew.take(pending.popleft())
    finally:
        crew.dismiss()


class _Crew:
    """Threads that assume roles. Not an executor's, which outlast a stop while a call hangs."""

    def __init__(self, assumer: Assumer, stop: Stop) -> None:
        self._assumer, self._stop = assumer, stop
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._unreachable = 0
        start_some(
            threading.Thread(target=self._work, name="preflight", daemon=True)
            for _ in range(CONCURRENCY)
        )

    def submit(self, target: Target) -> _Job:
        job: _Job = (target, Future())
        self._jobs.put(job)
        return job

    def take(self, job: _Job) -> tuple[Target, Answer]:
        target, future = job
        answer = self._stop.wait(future)
        gone = isinstance(answer, AssumeError) and answer.unreachable
        if self._unreachable < _ENOUGH:
            self._unreachable = self._unreachable + 1 if gone else 0
        return target, answer

    def dismiss(self) -> None:
        for _ in range(CONCURRENCY):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stop.requested:
            target, future = job
            try:
                future.set_result(self._answer(target))
            except BaseException as error:  # noqa: BLE001  whoever waits is to have it
                future.set_exception(error)

    def _answer(self, target: Target) -> Answer:
        if self._unreachable >= _ENOUGH:
            why = f"not tried: AWS could not be reached for {_ENOUGH} roles before it"
            return AssumeError("NotTried", why)
        try:
            session = self._assumer.assume(target)
            for region in target.regions:
                self._assumer.check_region(target, session, region)
        except AssumeError as error:
            return error
        return session
