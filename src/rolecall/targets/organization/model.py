"""What is known of an organisation, and what was decided about its accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rolecall.targets.arns import RoleArn

# Calls an operation of AWS Organizations, by its name there, and gives the answer.
Call = Callable[[str, Mapping[str, str]], Mapping[str, Any]]
# An account's state. What AWS sends is dropped by an SDK that is older than the field.
ACTIVE, UNKNOWN = "ACTIVE", "STATE UNKNOWN"


class NoSuchUnitError(Exception):
    """There is no such root or unit, or no single one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account as AWS Organizations lists it.

    Attributes:
        state: such as `ACTIVE` or `SUSPENDED`, or `STATE UNKNOWN`.
        joined: seconds since the epoch.
        unit: the id of what holds it; empty where that was not read.
        management: whether it is the organisation's management account.
    """

    account_id: str
    name: str
    partition: str
    state: str
    joined: float
    management: bool
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A root or a unit. `path` is by names from the root, or from the id it was reached by."""

    unit_id: str
    name: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """What was read.

    Attributes:
        parents: the id of what holds a unit, by the unit's. paths: each unit's path, by its id.
        given: the place among the units asked for, by the unit's id.
        excluded: the terms that leave a unit out, by the unit's id.
    """

    accounts: tuple[Account, ...]
    parents: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def upwards(self, unit_id: str) -> Iterator[str]:
        """The ids of the unit and of all that hold it."""
        while unit_id:
            yield unit_id
            unit_id = self.parents.get(unit_id, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What becomes of an account.

    Attributes:
        path: the path of the unit that holds it; empty where that was not read.
        reason: why it is left out; empty where it is taken.
        entry: which of the units asked for took it; 0 where none was asked for.
        wave: from 1; 0 for none. name, role: the target's, where it is taken.
    """

    account: Account
    path: str = ""
    reason: str = ""
    entry: int = 0
    wave: int = 0
    name: str = ""
    role: RoleArn | None = None

    @property
    def taken(self) -> bool:
        return not self.reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Every account that was looked at, in the order of deployment; those left out come last.

    Attributes:
        unused: terms of `exclude` that leave out nothing.
    """

    decisions: tuple[Decision, ...]
    unused: tuple[str, ...] = ()

    def taken(self) -> list[Decision]:
        return [decision for decision in self.decisions if decision.taken]

    def unknown(self) -> int:
        """How many were left out since nothing says whether they are active."""
        return self.left()[UNKNOWN.lower()]

    def left(self) -> Counter[str]:
        """How many were left out, by the reason."""
        return Counter(decision.reason for decision in self.decisions if not decision.taken)
