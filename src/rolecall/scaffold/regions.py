"""The region that a new `rolecall.yml` has to name, where nothing else does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rolecall.scaffold.found import Profile
from rolecall.settings.options import REGION
from rolecall.targets import Resolved
from rolecall.targets.arns import HOME_REGIONS, partition_of

_PARTITION = "aws"


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """What `regions` is to hold.

    Attributes:
        example: nobody named it; it is there so that the file works as it stands.
    """

    name: str
    example: bool


def missing(resolved: Resolved, profiles: Sequence[Profile], own: str) -> Region | None:
    """What is to be written where a target would be without a region; None where none would.

    Args:
        profiles: what stands in for targets where there are none.
        own: the region of the user's AWS profile; empty where that names none.
    """
    if resolved.targets or resolved.unread:
        lacking = bool(resolved.unread) or not all(each.regions for each in resolved.targets)
        partition = next((each.role.partition for each in resolved.targets), _PARTITION)
    else:
        lacking = not profiles or not all(each.region for each in profiles)
        partition = next((each.role_arn.split(":")[1] for each in profiles), _PARTITION)
    if not lacking:
        return None
    if re.fullmatch(REGION, own) and partition_of(own) == partition:
        return Region(name=own, example=False)
    return Region(name=HOME_REGIONS.get(partition, HOME_REGIONS[_PARTITION]), example=True)
