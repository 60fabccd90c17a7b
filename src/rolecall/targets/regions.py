"""The regions that AWS had when the botocore that is installed was released.

AWS adds regions, so one that is not among them may be right all the same: it is remarked upon, and
no mistake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from rolecall.errors import Problem
from rolecall.wording import nearest


@cache
def known() -> frozenset[str]:
    """The regions of every partition; none where botocore's data can't be read.

    The data alone is read: to import botocore would take longer than all else that `plan` does.
    """
    spec = find_spec("botocore")
    if not spec or not spec.origin:
        return frozenset()
    try:
        found = json.loads((Path(spec.origin).parent / "data/partitions.json").read_bytes())
        names = (name for each in found["partitions"] for name in each["regions"])
        return frozenset(name for name in names if not name.endswith("-global"))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def unknown(region: str) -> bool:
    """Whether it is none of them: misspelt, or newer than botocore."""
    return bool(known()) and region not in known()


def hint(region: str) -> str:
    """What may be meant by a region that is unknown, or what else to do about it."""
    near = nearest(region, sorted(known()))
    return f"did you mean {near}?" if near else "check how it is written."


def remarks(places: Iterable[tuple[str, Sequence[str]]]) -> list[Problem]:
    """What is to be said of regions that may be misspelt, each once, by the place it stands at."""
    first: dict[str, str] = {}
    for place, regions in places:
        for region in regions:
            first.setdefault(region, place)
    return [
        Problem(place, f"{region!r} is no region that is known here; {hint(region)}")
        for region, place in first.items()
        if region and unknown(region)
    ]
