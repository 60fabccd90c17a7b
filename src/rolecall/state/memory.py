"""What a run remembers: nothing, or what succeeded under its id in earlier tries and in this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from rolecall.targets import Target

if TYPE_CHECKING:
    from rolecall.state.model import Key, Success


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

    def begin(self, target: Target, region: str) -> str:
        """Ends what succeeded there earlier, before the first command.

        Returns:
            Why nothing may begin there, since that could not be done; else nothing.
        """

    def succeeded(self, target: Target, region: str) -> None:
        """Returns once it is remembered, or can't be for now, which the log says."""

    def begin_after(self) -> str:
        """As `begin`, for the commands after the last target."""

    def remember_after(self) -> None:
        """The same for the commands after the last target."""


class Forgetful:
    """The memory of a run that has none."""

    successes: Mapping[Key, Success] = {}
    after_succeeded = False

    def lost(self) -> str:
        return ""

    def begin(self, target: Target, region: str) -> str:
        return ""

    def succeeded(self, target: Target, region: str) -> None:
        pass

    def begin_after(self) -> str:
        return ""

    def remember_after(self) -> None:
        pass
