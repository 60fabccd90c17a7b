"""Assumes every role, a few at a time, before anything is deployed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from rolecall.errors import AssumeError
from rolecall.sessions.assume import Assumer
from rolecall.sessions.session import Session
from rolecall.sessions.source import CONCURRENCY
from rolecall.targets import Target

# How many are submitted before the first is taken: thousands of waiting futures weigh a lot.
_AHEAD = 4 * CONCURRENCY


def assume_all(
    assumer: Assumer, targets: Iterable[Target]
) -> Iterator[tuple[Target, Session | AssumeError]]:
    """Each target with its session, or with why it has none, in the order given.

    Raises:
        InterruptedRunError: when a stop is asked for meanwhile.
    """

    def one(target: Target) -> Session | AssumeError:
        try:
            return assumer.assume(target)
        except AssumeError as error:
            return error

    pending: deque[tuple[Target, Future[Session | AssumeError]]] = deque()
    with ThreadPoolExecutor(CONCURRENCY, "preflight") as pool:
        try:
            for target in targets:
                pending.append((target, pool.submit(one, target)))
                if len(pending) > _AHEAD:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
