"""Puts targets into waves: by sizes in the order of deployment, or as each target says."""

from __future__ import annotations

from collections.abc import Sequence

from rolecall.settings.amounts import Amount


def by_size(count: int, sizes: Sequence[Amount]) -> list[int]:
    """The wave of each of `count` targets, from 1. Shares are of all.

    What the sizes leave is a wave more, save where they are shares of a whole: then the last takes
    what rounding left. A wave of a share has at least one target. Waves that nothing is left for do
    not come about.
    """
    whole = sum(size.number for size in sizes if size.percent) >= 100  # noqa: PLR2004  percent
    waves: list[int] = []
    for number, size in enumerate(sizes, 1):
        left = count - len(waves)
        rest = whole and number == len(sizes)
        waves += [number] * (left if rest else min(left, size.of(count, least=1)))
    return waves + [len(sizes) + 1] * (count - len(waves))


def by_number(given: Sequence[int]) -> list[int]:
    """The waves that targets ask for, by the numbers they gave; those that gave none (0) come last.

    The numbers are kept, gaps and all, so that ONLY means the same whoever else is a target.
    """
    return [number or max(given) + 1 for number in given]
