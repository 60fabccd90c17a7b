"""What a run tells whoever watches. The console and the JSON log are two views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rolecall.commands.run import Listener
from rolecall.report.interruption import Interruption
from rolecall.results import Outcome, Result
from rolecall.settings import Settings
from rolecall.targets import Target


class ByteSink(Protocol):
    """What a view writes bytes to."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class View(Protocol):
    """Hears what happens in a run, from many threads where targets run at once."""

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        """What will be done. `count` is that of all targets, of which these may be a part."""

    def skipped(self, results: Sequence[Result], left: int) -> None:
        """These succeeded before. `left` is how many targets, in their regions, did not."""

    def preflight_started(self, count: int) -> None: ...

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None:
        """It has taken a minute, or one more; `done` of the roles were tried."""

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None: ...

    def once_started(self, name: str) -> Listener:
        """The commands before the first or after the last target begin."""

    def wave_started(self, number: int, count: int, targets: int) -> None:
        """Where there are several waves: the wave `number` of `count` begins."""

    def target_started(self, target: Target, region: str) -> Listener:
        """A target begins in a region. What is returned hears of its commands."""

    def target_ended(self, result: Result) -> None: ...

    def interrupted(self, interruption: Interruption) -> None:
        """A signal asks the run to end, or a second one to kill what runs."""

    def finished(self, outcome: Outcome, report: str) -> None:
        """The last word. `report` is the path of report.json; empty where there is none."""
