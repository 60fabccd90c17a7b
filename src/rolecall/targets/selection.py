"""The part of the targets that this process deploys to, or that a person names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rolecall import wording
from rolecall.settings.options import REGION
from rolecall.settings.sources import BadValueError
from rolecall.targets import names
from rolecall.targets.model import Target

_WAVE = re.compile(r"wave:([0-9]+)")
_IN_REGION = re.compile(rf"(?P<who>.+)/(?P<region>{REGION})")
_MOST_NAMED = 20


def only(targets: Sequence[Target], words: Sequence[str]) -> tuple[tuple[Target, ...], list[str]]:
    """The targets that any of the words means, in their order, and the words that mean none.

    Args:
        words: names of targets, patterns of them, account ids, or `wave:` and a number; with
            `/region` behind it, a word means them in that region alone.
    """
    wanted: dict[int, set[str]] = {}
    unknown = []
    for word in words:
        who, _, region = word.partition("/")
        found = [t for t in targets if _means(who, t) and (not region or region in t.regions)]
        for target in found:
            wanted.setdefault(target.index, set()).update([region] if region else target.regions)
        if not found:
            unknown.append(word)
    kept = (_narrowed(t, wanted[t.index]) for t in targets if t.index in wanted)
    return tuple(kept), unknown


def also_of(word: str, targets: Sequence[Target]) -> list[str]:
    """The names of the other targets of an account, where one target is called by its id.

    The word then means that one, or all of them: who says it has to say which.
    """
    who = word.partition("/")[0]
    if not any(target.name == who for target in targets):
        return []
    return [t.name for t in targets if t.account_id == who and t.name != who]


def named(targets: Sequence[Target], name: str) -> Target:
    """The target of that name, account id or role ARN; with `/region` behind it, there alone.

    Raises:
        BadValueError: where there is none, or more than one.
    """
    if others := also_of(name, targets):
        raise BadValueError(f"{name!r} {names.twofold(others)}")
    if (found := _of_name(targets, name)) or not (match := _IN_REGION.fullmatch(name)):
        chosen = found
    else:
        chosen = _of_name(targets, match["who"])
        if len(chosen) == 1 and match["region"] not in chosen[0].regions:
            regions = wording.some(list(chosen[0].regions))
            raise BadValueError(f"{name!r} is not deployed to; the regions are {regions}")
        chosen = [_narrowed(target, [match["region"]]) for target in chosen]
    if len(chosen) == 1:
        return chosen[0]
    there = wording.some([target.name for target in targets], _MOST_NAMED)
    wrong = (
        "is the account of several targets; name one of" if chosen else "is no target; there are"
    )
    raise BadValueError(f"{name!r} {wrong} {there}")


def _of_name(targets: Sequence[Target], name: str) -> list[Target]:
    found = [target for target in targets if target.name == name]
    return found or [t for t in targets if name in (t.account_id, t.role.text)]


def within(targets: Sequence[Target], regions: Collection[str]) -> tuple[Target, ...]:
    """The targets in those of their regions that are wanted; whole where none of them is."""
    return tuple(
        _narrowed(target, regions) if {*target.regions} & {*regions} else target
        for target in targets
    )


def instead(word: str, targets: Sequence[Target]) -> str:
    """What could be said in place of a word that means none of the targets; may be empty."""
    who, slash, region = word.partition("/")
    named = [target for target in targets if _means(who, target)]
    if named:
        regions = dict.fromkeys(region for target in named for region in target.regions)
        return f"; the regions of {who} are {wording.some(list(regions))}" if regions else ""
    names = [target.name for target in targets]
    if _WAVE.fullmatch(who):
        names = [f"wave:{number}" for number in sorted({target.wave for target in targets})]
    elif re.fullmatch(r"[0-9]{12}", who):
        names = list(dict.fromkeys(target.account_id for target in targets))
    elif near := wording.nearest(who, names):
        return f"; did you mean {near}{slash}{region}?"
    there = "there is" if len(names) == 1 else "there are"
    return f"; {there} {wording.some(names)}" if names else ""


def _narrowed(target: Target, regions: Collection[str]) -> Target:
    kept = tuple(region for region in target.regions if region in regions)
    return target if kept == target.regions else replace(target, regions=kept)


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
