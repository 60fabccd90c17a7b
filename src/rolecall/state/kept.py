"""The memory of a run that has a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from rolecall.settings import Settings
from rolecall.state.digest import Digests
from rolecall.state.keeper import Keeper
from rolecall.state.model import Key, State, Success
from rolecall.targets import Target


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
