"""How far a fan-out has come, target by target, and how long the rest may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rolecall.report.lines import label
from rolecall.report.spread import label as name_of
from rolecall.results import Result, Status
from rolecall.schedule import policy_of
from rolecall.settings import Settings
from rolecall.targets import Target

WAITING, RUNNING = "waiting", "running"


@dataclass(kw_only=True, slots=True)
class Row:
    """One target in one region.

    Attributes:
        state: WAITING, RUNNING or a Status. lane: what fails as one.
        begun, seconds: on the clock, and how long it took, once it has ended.
        said: the last line of its output that says something, or what became of it.
    """

    name: str
    account_id: str
    wave: int
    lane: tuple[str, str]
    state: str = WAITING
    begun: float = 0.0
    seconds: float = 0.0
    said: bytes = b""


class Progress:
    """What is known while targets run. Not safe in many threads: see Live.

    Attributes:
        rows: in the order of the plan. running, failed: in the order in which they came to it.
        interrupted: whether a signal has asked the run to end.
        wave, waves: the number of the one that runs, and how many there are.
    """

    def __init__(
        self, settings: Settings, targets: Sequence[Target], clock: Callable[[], float]
    ) -> None:
        self._clock, self._policy = clock, policy_of(settings)
        self._goes_on = settings.on_failure == "continue"
        by_region = settings.region_concurrency == "parallel"
        self.rows: dict[tuple[str, str], Row] = {
            (target.name, region): Row(
                name=name_of(target, region),
                account_id=target.account_id,
                wave=target.wave,
                lane=(target.name, region if by_region else ""),
            )
            for target in targets
            for region in target.regions
        }
        self.running: dict[tuple[str, str], Row] = {}
        self.failed: list[Row] = []
        self._lanes = Counter(wave for wave, _ in {(r.wave, r.lane) for r in self.rows.values()})
        self._waiting = Counter(row.wave for row in self.rows.values())
        self.wave, self.waves = 1, len(self._lanes)
        self.interrupted = False
        self.counts = Counter({WAITING: len(self.rows)})
        self._failed_lanes: set[tuple[int, tuple[str, str]]] = set()
        self._begun: float | None = None

    def skip(self, results: Sequence[Result]) -> None:
        """These have come to an end before the run began."""
        for result in results:
            self._move(self.rows[result.target, result.region], result.status)

    def start(self, target: str, region: str) -> Row:
        row = self.rows[target, region]
        row.begun = self._clock()
        if self._begun is None:
            self._begun = row.begun
        self.running[target, region] = row
        self._move(row, RUNNING)
        return row

    def end(self, result: Result) -> None:
        row = self.running.pop((result.target, result.region))
        row.seconds = self._clock() - row.begun
        self._move(row, result.status)
        command = result.failed_command
        why = f"{command.reason}: {label(command.command)}" if command else result.reason
        row.said = why.encode(errors="replace")
        if result.status is Status.SUCCEEDED:
            return
        self.failed.append(row)
        self._failed_lanes.add((row.wave, row.lane))
        if not self._goes_on:
            for other in self.rows.values() if len(self.rows) > len(self._lanes) else ():
                if other.lane == row.lane and other.state == WAITING:
                    self._move(other, Status.NOT_RUN)

    def _move(self, row: Row, state: str) -> None:
        self._waiting[row.wave] -= row.state == WAITING
        self.counts[row.state] -= 1
        self.counts[state] += 1
        row.state = state

    @property
    def done(self) -> int:
        """How many have come to an end."""
        return len(self.rows) - self.counts[WAITING] - self.counts[RUNNING]

    @property
    def elapsed(self) -> float:
        """Seconds since the first one began."""
        return 0.0 if self._begun is None else self._clock() - self._begun

    def age(self, row: Row) -> float:
        """Seconds that a row has run, or ran."""
        return self._clock() - row.begun if row.state == RUNNING else row.seconds

    @property
    def stopped(self) -> bool:
        """Whether more have failed than may, or a signal came: what waits will not begin."""
        if self.interrupted:
            return True
        if self._policy.tolerated is None:
            return False
        failed, lanes = len(self._failed_lanes), self._lanes.total()
        if self._policy.per_wave:
            failed = sum(wave == self.wave for wave, _ in self._failed_lanes)
            lanes = self._lanes[sorted(self._lanes)[self.wave - 1]]
        return failed > self._policy.tolerated.of(lanes)

    def left(self) -> float | None:
        """Seconds until all have ended, if each takes as long as those did that succeeded.

        None while none has.
        """
        ended = [row.seconds for row in self.rows.values() if row.state == Status.SUCCEEDED]
        if not ended:
            return None
        usual = sum(ended) / len(ended)
        return sum(self._left_of(wave, usual) for wave in self._lanes)

    def _left_of(self, wave: int, usual: float) -> float:
        rests = [
            max(0.0, usual - self.age(row)) for row in self.running.values() if row.wave == wave
        ]
        waiting = 0 if self.stopped else self._waiting[wave]
        at_once = max(1, self._policy.at_once(self._lanes[wave]))
        longest = max([*rests, usual if waiting else 0.0])
        return max(longest, (sum(rests) + waiting * usual) / at_once)
