"""Puts targets into waves: by sizes in the order of deployment, or as each target says."""

from __future__ import annotations

from collections.abc import Sequence

from rolecall.settings.amounts import Amount


def by_size(count: int, sizes: Sequence[Amount]) -> list[int]:
    """The wave of each of `count` targets, from 1. Shares are of all; the last takes the rest.

    A wave of a share has at least one target. Waves that nothing is left for do not come about.
    """
    waves: list[int] = []
    for number, size in enumerate(sizes, 1):
        left = count - len(waves)
        last = number == len(sizes)
        waves += [number] * (left if last else min(left, size.of(count, least=1)))
    return waves or [1] * count


def by_number(given: Sequence[int]) -> list[int]:
    """The waves that targets ask for, without gaps; those that ask for none (0) come last."""
    used = sorted({number for number in given if number})
    places = {number: place for place, number in enumerate(used, 1)}
    places[0] = len(used) + 1
    return [places[number] for number in given]
