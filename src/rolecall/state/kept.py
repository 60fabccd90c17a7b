"""The memory of a run that has a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from rolecall.settings import Settings
from rolecall.state.digest import Digests
from rolecall.state.keeper import Keeper
from rolecall.state.lasting import Lasting
from rolecall.state.model import Key, State, Success
from rolecall.targets import Target

_STAYS = (
    "what succeeded in it in an earlier try could not be marked as undone, so that nothing was"
    " begun in it"
)


class Kept:
    """The memory that a state is.

    Args:
        successes: those that still count. met: what commands meet. by: what this process is called.
    """

    def __init__(
        self,
        keeper: Keeper,
        settings: Settings,
        successes: Mapping[Key, Success],
        *,
        met: Lasting,
        by: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keeper, self.successes, self._by, self._clock = keeper, successes, by, clock
        self._digests = Digests(settings, met=met, salt=keeper.state.salt)
        self._counting = set(successes)
        # What was to end, and may stand there still, since it could not be written.
        self._unwritten: dict[Key, Success] = {}

    @property
    def after_succeeded(self) -> bool:
        after = self._keeper.state.after
        return after is not None and after.digest == self._digests.of_after()

    def lost(self) -> str:
        return self._keeper.lost()

    def begin(self, target: Target, region: str) -> str:
        """Ends what succeeded earlier in this target, unless it is of the very thing done now.

        The target's other regions, and what else is in its account, share what an account has once,
        such as its roles.
        """
        ended = {
            key: success
            for key, success in {**self._unwritten, **self._keeper.state.successes}.items()
            if key not in self._counting
            and (key[0] == target.name or success.account == target.account_id)
        }

        def end(state: State) -> State:
            left = {key: s for key, s in state.successes.items() if ended.get(key) != s}
            return replace(state, after=None, successes=left)

        if not ended:
            return ""
        if not self._keeper.change(end):
            self._unwritten |= ended
            return self._keeper.lost() or _STAYS
        for key in ended:
            self._unwritten.pop(key, None)
        return ""

    def succeeded(self, target: Target, region: str) -> None:
        key = (target.name, region)
        success = self._success(self._digests.of(target, region), target.account_id)

        def remember(state: State) -> State:
            self._counting.add(key)
            return replace(state, after=None, successes={**state.successes, key: success})

        self._keeper.change(remember)

    def begin_after(self) -> str:
        """Ends the success of other commands after the last target."""
        if self._keeper.state.after is None:
            return ""
        written = self._keeper.change(lambda state: replace(state, after=None))
        return "" if written else self._keeper.lost() or _STAYS

    def remember_after(self) -> None:
        success = self._success(self._digests.of_after())
        self._keeper.change(lambda state: replace(state, after=success))

    def _success(self, digest: str, account: str = "") -> Success:
        return Success(digest=digest, at=self._clock(), by=self._by, account=account)
