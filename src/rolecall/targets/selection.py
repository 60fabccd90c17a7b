"""The part of the targets that this process deploys to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from rolecall.targets.model import Target

_WAVE = re.compile(r"wave:([0-9]+)")


def only(targets: Sequence[Target], words: Sequence[str]) -> tuple[tuple[Target, ...], list[str]]:
    """The targets that any of the words means, in their order, and the words that mean none.

    Args:
        words: names of targets, patterns of them, account ids, or `wave:` and a number.
    """
    chosen = {word: [target for target in targets if _means(word, target)] for word in words}
    wanted = {target.index for found in chosen.values() for target in found}
    kept = tuple(target for target in targets if target.index in wanted)
    return kept, [word for word, found in chosen.items() if not found]


def _means(word: str, target: Target) -> bool:
    if wave := _WAVE.fullmatch(word):
        return target.wave == int(wave[1])
    return word == target.account_id or fnmatchcase(target.name, word)


def shard(targets: Sequence[Target], number: int, count: int) -> tuple[Target, ...]:
    """Every `count`th target of each wave, from the `number`th.

    The same targets in the same order are always split alike; in each wave the shards differ by
    one target at most.
    """
    seen: Counter[int] = Counter()
    kept = []
    for target in targets:
        if seen[target.wave] % count == number - 1:
            kept.append(target)
        seen[target.wave] += 1
    return tuple(kept)
