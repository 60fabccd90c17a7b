"""What a run remembers: nothing, or what succeeded under its id in earlier tries and in this."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from rolecall.settings import Settings
from rolecall.state.digest import Digests
from rolecall.state.keeper import Keeper
from rolecall.state.model import Key, State, Success
from rolecall.targets import Target


class Memory(Protocol):
    """Asked by a run before it does anything, and told what succeeded."""

    @property
    def successes(self) -> Mapping[Key, Success]:
        """What succeeded in earlier tries, and still counts."""

    @property
    def after_succeeded(self) -> bool:
        """Whether the commands after the last target have, and nothing since."""

    def lost(self) -> str:
        """Why nothing more may begin here; empty while it may."""

    def succeeded(self, target: Target, region: str) -> None:
        """Returns once it is remembered, or can't be for now, which the log says."""

    def remember_after(self) -> None:
        """The same for the commands after the last target."""


class Forgetful:
    """The memory of a run that has none."""

    successes: Mapping[Key, Success] = {}
    after_succeeded = False

    def lost(self) -> str:
        return ""

    def succeeded(self, target: Target, region: str) -> None:
        pass

    def remember_after(self) -> None:
        pass


class Kept:
    """The memory that a state is.

    Args:
        successes: those that still count. by: what this process is called.
    """

    def __init__(
        self,
        keeper: Keeper,
        settings: Settings,
        successes: Mapping[Key, Success],
        *,
        revision: str,
        by: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keeper, self.successes, self._by, self._clock = keeper, successes, by, clock
        self._digests = Digests(settings, revision=revision, salt=keeper.state.salt)

    @property
    def after_succeeded(self) -> bool:
        after = self._keeper.state.after
        return after is not None and after.digest == self._digests.of_after()

    def lost(self) -> str:
        return self._keeper.lost()

    def succeeded(self, target: Target, region: str) -> None:
        key, success = (target.name, region), self._success(self._digests.of(target, region))

        def remember(state: State) -> State:
            return replace(state, after=None, successes={**state.successes, key: success})

        self._keeper.change(remember)

    def remember_after(self) -> None:
        success = self._success(self._digests.of_after())
        self._keeper.change(lambda state: replace(state, after=success))

    def _success(self, digest: str) -> Success:
        return Success(digest=digest, at=self._clock(), by=self._by)
