"""When what happened, as lines on a common scale of a thousand units, for SVG paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rolecall.results import CommandResult, Outcome, Result, Status

WIDTH = 1_000
# What took no time is still to be seen, and two commands in a row as two.
_NARROWEST = 2.5
_GAP = 1.2
_MOST_TICKS = 6
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
_MINUTE, _HOUR = 60, 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One kind of thing that was done, as the `d` of a path.

    Attributes:
        kind: `preflight`, `wait`, `prepare`, `done` or `failed`.
    """

    kind: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A mark on the scale, with its time in words."""

    at: float
    text: str


class Timeline:
    """The scale of one run. Clocks that were set meanwhile make no line go beyond it."""

    def __init__(self, outcome: Outcome) -> None:
        self._start = outcome.started_at
        self._preflight = outcome.preflight
        ends = [r.started_at + r.seconds for r in outcome.everything if r.started_at]
        self.seconds = max([outcome.seconds, *(end - self._start for end in ends)], default=0)
        self._scale = WIDTH / max(self.seconds, 0.001)

    def ticks(self) -> list[Tick]:
        step = next((s for s in _STEPS if self.seconds / s <= _MOST_TICKS), None)
        step = step or 86_400 * (1 + self.seconds // (_MOST_TICKS * 86_400))
        count = int(self.seconds / step) + 1
        return [
            Tick(at=_short(n * step * self._scale), text=_words(n * step)) for n in range(count)
        ]

    def lines(self, result: Result) -> list[Line]:
        """The preflight, the wait for its turn, its preparation, its commands."""
        found = []
        turn = 0.0
        if self._preflight and result.role_arn and result.status is not Status.SUCCEEDED_BEFORE:
            start = self._at(self._preflight.started_at)
            turn = self._at(self._preflight.started_at + self._preflight.seconds)
            found.append(Line(kind="preflight", path=_stroke([(start, turn)])))
        if result.started_at is None:
            return found
        start, end = self._span(result.started_at, result.seconds)
        if start > turn:
            found.append(Line(kind="wait", path=_stroke([(turn, start)])))
        return found + self._work(result, start, end)

    def _work(self, result: Result, start: float, end: float) -> list[Line]:
        ran = [c for c in result.commands if c.status is not Status.NOT_RUN]
        spans = self._commands(ran, result.started_at or 0)
        if not spans:
            return [Line(kind=_kind(result.status), path=_stroke([(start, end)]))]
        found = []
        if spans[0][0] > start:
            found.append(Line(kind="prepare", path=_stroke([(start, spans[0][0])])))
        for status in (Status.SUCCEEDED, Status.FAILED):
            some = [s for s, c in zip(spans, ran, strict=True) if c.status is status]
            if some:
                found.append(Line(kind=_kind(status), path=_stroke(some)))
        return found

    def _commands(self, ran: Sequence[CommandResult], begun: float) -> list[tuple[float, float]]:
        """Where each command stands; one after another where a report has no times for them."""
        spans = []
        for command in ran:
            begun = begun if command.started_at is None else command.started_at
            spans.append(self._span(begun, command.seconds))
            begun += command.seconds
        return spans

    def box(self, result: Result, top: float, height: float) -> str:
        """A filled box from its beginning to its end, as part of a path."""
        start, end = self._span(result.started_at or self._start, result.seconds)
        width = _short(end - start)
        return f"M{_short(start)} {_short(top)}h{width}v{_short(height)}h-{width}z"

    def preflight(self, height: float) -> str:
        """The same for the preflight; empty where there was none."""
        if self._preflight is None:
            return ""
        start = self._at(self._preflight.started_at)
        end = self._at(self._preflight.started_at + self._preflight.seconds)
        return f"M{_short(start)} 0h{_short(end - start)}v{_short(height)}H{_short(start)}z"

    def _span(self, started_at: float, seconds: float) -> tuple[float, float]:
        start = min(self._at(started_at), WIDTH - _NARROWEST)
        end = self._at(started_at + seconds)
        return start, min(WIDTH, max(end - _GAP, start + _NARROWEST))

    def _at(self, moment: float) -> float:
        return min(WIDTH, max(0.0, (moment - self._start) * self._scale))


def _stroke(spans: Sequence[tuple[float, float]]) -> str:
    return "".join(f"M{_short(start)} 5h{_short(end - start)}" for start, end in spans)


def _kind(status: Status) -> str:
    return "done" if status is Status.SUCCEEDED else "failed"


def _short(value: float) -> float | int:
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def _words(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{_short(seconds)} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.3g} m"
    return f"{seconds / _HOUR:.3g} h"
