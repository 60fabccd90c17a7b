"""Calls of AWS Organizations: page after page, and a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rolecall.settings.sources import BadValueError
from rolecall.stop import awaited, in_thread
from rolecall.targets.organization.model import Call

T = TypeVar("T")
R = TypeVar("R")
# AWS allows few calls a second to the whole organisation, others' included.
_AT_ONCE = 4


def pages(call: Call, operation: str, key: str, **request: str) -> Iterator[Mapping[str, Any]]:
    """Each item of a list; a page may be empty and yet have a next one.

    Raises:
        BadValueError: where it would never end.
    """
    token = ""
    while True:
        answer = call(operation, {**request, **({"NextToken": token} if token else {})})
        yield from answer[key]
        before, token = token, str(answer.get("NextToken") or "")
        if not token:
            return
        if token == before:
            raise BadValueError(f"the organisation cannot be read: {operation} repeats its page")


def in_parallel(do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What `do` makes of each item, in order. The first failure ends the rest."""
    jobs, lock = iter(enumerate(items)), threading.Lock()
    made: dict[int, R] = {}

    def work() -> None:
        while True:
            with lock:
                job = next(jobs, None)
            if job is None:
                return
            try:
                made[job[0]] = do(job[1])
            except BaseException:
                with lock:
                    for _ in jobs:
                        pass
                raise

    for worker in [in_thread(work) for _ in range(min(_AT_ONCE, len(items)))]:
        awaited(worker)
    return [made[number] for number in range(len(items))]
