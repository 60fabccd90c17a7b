"""Which lane begins next: waves, how many run at once, how many may fail.

A lane is what succeeds or fails as one: a target with its regions in turn, or one of its regions.
What the words mean is what they mean for StackSets.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rolecall.settings import Settings
from rolecall.settings.amounts import Amount

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How lanes are let run.

    Attributes:
        parallel: how many at once; a share is of the wave, rounded down, and at least one.
        tolerated: how many may fail; a share is rounded down; None for any number.
        per_wave: whether failures are counted, and their share taken, in each wave by itself.
        strict: no more run at once than may still fail, plus one.
    """

    parallel: Amount
    tolerated: Amount | None
    per_wave: bool = False
    strict: bool = False

    def at_once(self, size: int) -> int:
        """How many lanes of a wave of that size may run at once."""
        return min(size, self.parallel.of(size, least=1))


def policy_of(settings: Settings) -> Policy:
    """The policy that the settings ask for."""
    goes_on = settings.on_failure == "continue"
    return Policy(
        parallel=settings.max_parallel,
        tolerated=None if goes_on else settings.max_failures or Amount(0),
        per_wave=settings.failures_per == "wave",
        strict=settings.concurrency_mode == "strict",
    )


class Board(Generic[T]):
    """Hands out lanes in order, wave by wave. Knows neither time nor threads."""

    def __init__(self, waves: Sequence[Sequence[T]], policy: Policy) -> None:
        self._waves = [deque(wave) for wave in waves if wave]
        self._policy = policy
        self._total = sum(map(len, self._waves))
        self._number = 0
        self._running = self._failed = 0
        self._closed = False
        self._open_wave()

    def _open_wave(self) -> None:
        wave = self._waves[self._number] if self._waves else deque()
        self._size = len(wave)
        self._parallel = self._policy.at_once(self._size)
        if self._policy.per_wave:
            self._failed = 0

    @property
    def width(self) -> int:
        """How many may ever run at once, over all waves to come."""
        return max((self._policy.at_once(len(wave)) for wave in self._waves), default=0)

    @property
    def tolerated(self) -> float:
        """How many may fail: in the wave that is open, or in all."""
        if self._policy.tolerated is None:
            return float("inf")
        return self._policy.tolerated.of(self.counted)

    @property
    def counted(self) -> int:
        """How many lanes a tolerated share is of: those of the wave that is open, or all."""
        return self._size if self._policy.per_wave else self._total

    @property
    def exceeded(self) -> bool:
        """Whether more have failed than may; nothing begins any more."""
        return self._failed > self.tolerated

    @property
    def more(self) -> bool:
        """Whether anything is left that may begin, now or later."""
        left = any(self._waves[self._number :])
        return left and not self._closed and not self.exceeded

    def next(self) -> T | None:
        """A lane that is to begin now; None where none may, as yet or ever (see `more`)."""
        if not self.more:
            return None
        if not self._waves[self._number]:
            if self._running:
                return None
            self._number += 1
            self._open_wave()
        room = self._parallel
        if self._policy.strict:
            room = int(min(room, self.tolerated + 1 - self._failed))
        if self._running >= room:
            return None
        self._running += 1
        return self._waves[self._number].popleft()

    def ended(self, *, failed: bool) -> None:
        """A lane that was handed out has come to its end."""
        self._running -= 1
        self._failed += failed

    def close(self) -> None:
        """Nothing begins any more."""
        self._closed = True
