"""Divides the targets among many builds, wave by wave, in the terms of ONLY and SHARD."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rolecall.settings.amounts import Shard
from rolecall.settings.sources import BadValueError
from rolecall.targets import names, selection
from rolecall.targets.model import Target

_LONGEST = 128
_ALL = Shard()
_Regions = Mapping[int, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one build deploys to.

    Attributes:
        identifier: unique among the shares, of letters, digits and underscores, 128 at most.
        only: ONLY of the build. shard: its SHARD.
    """

    identifier: str
    only: str
    shard: Shard = _ALL


def divide(
    targets: Sequence[Target],
    way: str,
    *,
    whole: Sequence[Target],
    pinned: str,
    shards: int = 1,
) -> list[list[Share]]:
    """The shares of each wave, in order.

    Args:
        pinned: what the whole list is, as `pin` tells it; each share holds on to that.
        way: a share for each target, for each wave, or `shards` of them for each wave; a wave of
            fewer targets has fewer, so that no build is left without one.
        whole: all the targets there are, in all their regions. Where these are fewer, each share
            names its own.

    Raises:
        BadValueError: where a target's name means another one, too.
    """
    regions = {target.index: target.regions for target in whole}
    several = len({target.wave for target in targets}) > 1
    accounts: dict[str, list[Target]] = {}
    for target in targets:
        accounts.setdefault(target.account_id, []).append(target)
    found = []
    for wave, members in groupby(sorted(targets, key=lambda t: t.wave), key=lambda t: t.wave):
        prefix = f"wave_{wave}_" if several else ""
        here = tuple(members)
        if way == "target":
            found.append([_of_target(target, accounts, regions) for target in here])
            continue
        count = min(shards, len(here)) if way == "shard" else 1
        parts = [_of_part(Shard(n, count), wave, prefix) for n in range(1, count + 1)]
        all_there = tuple(targets) == tuple(whole)
        found.append(parts if all_there else list(_by_name(parts, here, regions)))
    return [[replace(s, shard=replace(s.shard, pin=pinned)) for s in wave] for wave in found]


def _of_target(
    target: Target, accounts: Mapping[str, Sequence[Target]], regions: _Regions
) -> Share:
    # Names are unique and hold nothing that makes a pattern, but one may be an account's id.
    if others := selection.also_of(target.name, accounts.get(target.account_id, ())):
        raise BadValueError(f"{target.name!r} {names.twofold(others)}")
    cleaned = re.sub(r"[^A-Za-z0-9]", "_", target.name)
    identifier = f"target_{target.index}_{cleaned}"[:_LONGEST]
    return Share(identifier=identifier, only=_words(target, regions))


def _of_part(shard: Shard, wave: int, prefix: str) -> Share:
    part = f"shard_{shard.number}_of_{shard.count}" if shard.count > 1 else ""
    name = (prefix + part).rstrip("_") or "all"
    return Share(identifier=name, only=f"wave:{wave}", shard=shard)


def _by_name(
    shares: Sequence[Share], targets: Sequence[Target], regions: _Regions
) -> Iterator[Share]:
    """The same shares, though what `wave:2` means is more than these targets."""
    for share in shares:
        part = selection.shard(targets, share.shard.number, share.shard.count)
        only = " ".join(_words(target, regions) for target in part)
        yield Share(identifier=share.identifier, only=only)


def _words(target: Target, regions: _Regions) -> str:
    """What means the target in ONLY: its name, or that in each of some of its regions."""
    if target.regions == regions[target.index]:
        return target.name
    return " ".join(f"{target.name}/{region}" for region in target.regions)
