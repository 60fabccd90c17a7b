"""What a run tells whoever watches. The console and the JSON log are two views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rolecall.commands.run import Listener
from rolecall.results import Outcome, Result
from rolecall.settings import Settings
from rolecall.targets import Target


class ByteSink(Protocol):
    """What a view writes bytes to."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class View(Listener, Protocol):
    """Hears what happens in a run, in the order in which it happens."""

    def planned(self, settings: Settings, targets: Sequence[Target]) -> None: ...

    def preflight_started(self, count: int) -> None: ...

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None: ...

    def once_started(self, name: str) -> None:
        """The commands before the first or after the last target begin."""

    def target_started(self, target: Target, region: str, index: int, count: int) -> None: ...

    def target_ended(self, result: Result) -> None: ...

    def finished(self, outcome: Outcome, report: str) -> None:
        """The last word. `report` is the path of report.json; empty where there is none."""
