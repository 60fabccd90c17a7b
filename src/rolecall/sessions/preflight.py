"""Assumes every role, a few at a time, before anything is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from rolecall.errors import AssumeError
from rolecall.sessions.assume import Assumer
from rolecall.sessions.session import Session
from rolecall.sessions.source import CONCURRENCY
from rolecall.targets import Target


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

    targets = list(targets)
    with ThreadPoolExecutor(min(CONCURRENCY, len(targets)) or 1, "preflight") as pool:
        try:
            yield from zip(targets, pool.map(one, targets), strict=True)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
