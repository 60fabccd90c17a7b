"""Deploys to all targets: wave by wave, as many at once as may be, until too many failed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rolecall import wording
from rolecall.crew import Crew
from rolecall.deploy import Deployer
from rolecall.errors import InterruptedRunError
from rolecall.jobs import Job, result
from rolecall.report.view import View
from rolecall.results import ABORTED, Result, Status
from rolecall.running import Running
from rolecall.schedule import Board, policy_of
from rolecall.settings import Settings
from rolecall.state.memory import Memory

Lane = tuple[Job, ...]


class Fanout:
    """The work of a crew: a lane is a target with its regions in turn, or one of its regions.

    Args:
        deployer: its stop ends the run as a whole.
        results: gets one for each job that came to an end.
        memory: what succeeded before is not done again, and counts as a success.

    Attributes:
        why_not_run: what keeps from beginning what has not begun.
    """

    def __init__(
        self,
        settings: Settings,
        view: View,
        deployer: Deployer,
        jobs: Sequence[Job],
        results: list[Result],
        *,
        memory: Memory,
        running: Running,
    ) -> None:
        self._settings, self._view, self._deployer = settings, view, deployer
        self._results, self._memory, self._running = results, memory, running
        self._waves = list(_waves(jobs, by_region=settings.region_concurrency == "parallel"))
        by_region = settings.region_concurrency == "parallel"
        self._lane = wording.unit(job.target.name for job in jobs) if by_region else "target"
        self._wave = 0
        self._board = Board(self._waves, policy_of(settings))
        self.why_not_run = "an earlier target failed"

    def run(self) -> None:
        """Returns when nothing runs any more and nothing will begin."""
        with self._deployer.stop.child() as stop:
            self._deployer = replace(self._deployer, stop=stop)
            Crew(self._board, self).run()

    def begin(self, lane: Lane) -> None:
        waves = [] if self._deployer.stop.requested else self._waves
        if len(waves) > 1 and self._wave < len(waves) and lane is waves[self._wave][0]:
            self._wave += 1
            left = sum(any(map(self._is_left, other)) for other in waves[self._wave - 1])
            if left:
                self._view.wave_started(self._wave, len(waves), left)

    def do(self, lane: Lane) -> bool:
        failed_in = ""
        for job in filter(self._is_left, lane):
            if why := self._memory.lost():
                self._stop_beginning(why)
                break
            if failed_in and self._settings.on_failure != "continue":
                self._leave(job, f"it failed in {failed_in}")
            elif why := self._memory.begin(job.target, job.region):
                self._leave(job, why)
                failed_in = failed_in or job.region
            elif not self._deploy(job):
                failed_in = failed_in or job.region
        return not failed_in

    def exceeded(self) -> None:
        """Too many failed: nothing more begins, and with `abort` what runs is ended."""
        most, told = int(self._board.tolerated), self._settings.max_failures
        if told and (most or told.percent):
            where = "in a wave " if self._settings.failures_per == "wave" else ""
            failed = wording.count(most, self._lane)
            share = f", {told} of {self._board.counted:,}" if told.percent else ""
            self.why_not_run = f"more than {failed} failed {where}(MAX_FAILURES{share})"
        stop = self._deployer.stop
        if self._settings.on_failure == "abort" and not stop.requested:
            stop.request(signal.SIGTERM, f"{ABORTED}{self.why_not_run}")

    def _is_left(self, job: Job) -> bool:
        return job.key not in self._memory.successes

    def _stop_beginning(self, why: str) -> None:
        """Somebody else may do what is left: what runs is finished, and that is all."""
        self.why_not_run = why
        self._board.close()

    def _deploy(self, job: Job) -> bool:
        if self._deployer.stop.requested:
            return False
        listener = self._view.target_started(job.target, job.region)
        try:
            with self._running.one():
                found = self._deployer.deploy(job, listener)
        except InterruptedRunError:
            return False
        except Exception:
            why = "rolecall itself failed while the target's commands ran"
            found = result(job, Status.FAILED, reason=why, started_at=time.time())
            self._results.append(found)
            raise
        if found.status is Status.SUCCEEDED:
            self._memory.succeeded(job.target, job.region)
        self._results.append(found)
        self._view.target_ended(found)
        return found.status is Status.SUCCEEDED

    def _leave(self, job: Job, why: str) -> None:
        self._deployer.sessions.done(job)
        self._results.append(result(job, Status.NOT_RUN, reason=why))


def _waves(jobs: Sequence[Job], *, by_region: bool) -> Iterator[list[Lane]]:
    """The lanes of each wave, in the order asked for."""
    in_order = sorted(jobs, key=lambda job: job.target.wave)
    for _, wave in groupby(in_order, key=lambda job: job.target.wave):
        if by_region:
            yield [(job,) for job in wave]
        else:
            yield [tuple(lane) for _, lane in groupby(wave, key=lambda job: job.target.index)]
