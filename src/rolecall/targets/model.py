"""What a target is once everything about it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.targets.arns import RoleArn


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOptions:
    """How a target's role is assumed; the names are AssumeRole's. `duration` is in seconds.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """

    session_name: str
    external_id: str
    duration: float
    session_policy: str
    policy_arns: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    transitive_tags: tuple[str, ...]
    source_identity: str
    via: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One role to assume and deploy with, in each of its regions.

    Attributes:
        index: its place among all targets, from 1. wave: counts from 1.
        region_variables: what is added to its variables in a region.
    """

    index: int
    name: str
    role: RoleArn
    regions: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    session: SessionOptions
    wave: int = 1
    region_variables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    @property
    def account_id(self) -> str:
        return self.role.account_id

    def every_variable(self) -> Iterator[tuple[str, str]]:
        """Those of each region too: the same name may come more than once."""
        yield from self.variables
        for _, pairs in self.region_variables:
            yield from pairs

    def variables_in(self, region: str) -> dict[str, str]:
        """What its commands see in a region, beside what every target's see."""
        return dict(self.variables) | dict(dict(self.region_variables).get(region, ()))
