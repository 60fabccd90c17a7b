"""What a list of targets was when it was divided, short enough to go along with each part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from rolecall import wording
from rolecall.targets.model import Target

# What makes a list another one, and how that is said.
_ASPECTS: Mapping[str, str] = {
    "names": "the names of its targets",
    "order": "their order",
    "roles": "a target's role or account",
    "regions": "a target's regions",
    "waves": "the waves",
}
_DIGITS = 8  # of a digest; against chance, not against whoever may change the list anyway


def pin(targets: Sequence[Target]) -> str:
    """How many targets there are, and a digest of each aspect of the list: `3-1f3a9c2e-…`.

    Args:
        targets: the whole list, in the order of deployment.
    """
    by_name = sorted(targets, key=lambda target: target.name)
    aspects: dict[str, list[object]] = {
        "names": [target.name for target in by_name],
        "order": [target.name for target in targets],
        "roles": [target.role.text for target in by_name],
        "regions": [target.regions for target in by_name],
        "waves": [target.wave for target in by_name],
    }
    return "-".join([str(len(targets)), *(_digest(aspects[name]) for name in _ASPECTS)])


def differences(before: str, now: str) -> str:
    """In what a list that was pinned differs from another; empty where they are the same."""
    was, found = _parts(before), _parts(now)
    if was["count"] != found["count"]:
        return f"it had {wording.count(int(was['count']), 'target')}, and has {found['count']}"
    return " and ".join(_told(was, found))


def _told(was: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name, said in _ASPECTS.items():
        if was[name] != found[name]:
            yield f"{said} changed"
            if name == "names":  # all else is by name
                return


def _parts(text: str) -> dict[str, str]:
    return dict(zip(("count", *_ASPECTS), text.split("-"), strict=True))


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:_DIGITS]
