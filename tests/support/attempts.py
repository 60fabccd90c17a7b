"""What a call gives, or how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


def tried(do: Callable[[], T], kind: type[E]) -> tuple[T | None, E | None]:
    """What `do` returns, or the error of that kind that it raises."""
    try:
        return do(), None
    except kind as error:
        return None, error
