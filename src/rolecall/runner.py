"""The one orchestrator: preflight, before, the targets wave by wave, after, outcome."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from rolecall import wording
from rolecall.commands.workspace import COPY
from rolecall.deploy import Deployer, Sessions, Surroundings
from rolecall.errors import AssumeError, ConfigError, FileError, InterruptedRunError, lacking
from rolecall.fanout import Fanout
from rolecall.jobs import Job, not_assumed, once_left, result, succeeded_before
from rolecall.profiles.endpoint import Endpoint
from rolecall.profiles.private import private_root
from rolecall.report.spread import Spread, spread
from rolecall.report.view import View
from rolecall.results import Outcome, Result, Span, Status
from rolecall.running import Running
from rolecall.sessions.assume import Assumer
from rolecall.sessions.preflight import assume_all
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.state.memory import Forgetful, Memory
from rolecall.targets import Target
from rolecall.workplaces import Workplaces, workplaces

_TOLD_EVERY = 60.0
_PREFLIGHT_FAILED = "another role could not be assumed, so nothing was deployed"


class Runner:
    """Deploys to every target. `run` never raises for what befalls a target."""

    def __init__(
        self,
        settings: Settings,
        make_assumer: Callable[[], Assumer],
        view: View,
        surroundings: Surroundings,
        memory: Memory | None = None,
    ) -> None:
        self._settings, self._make_assumer, self._view = settings, make_assumer, view
        self._outside = surroundings
        self._memory = memory or Forgetful()
        self._stop = surroundings.stop
        self._results: list[Result] = []
        self._why_not_run = ""
        self._preflighted: Span | None = None
        self._before: Result | None = None
        self._running: Running

    def run(self, targets: Sequence[Target], count: int) -> Outcome:
        """What became of every target, also when interrupted or when rolecall itself fails.

        Args:
            count: of all targets, of which these may be a part.

        Raises:
            ConfigError, FileError: where the AWS settings, or the temporary folder, will not do;
                nothing was done.
        """
        started_at, begun = time.time(), time.monotonic()
        jobs = list(_jobs(targets))
        shard = str(self._settings.shard)
        outcome = Outcome(
            results=(),
            started_at=started_at,
            run_id=self._settings.run_id or self._settings.execution_id,
            shard=shard,
            targets_in_all=count,
        )
        try:
            if not jobs:  # a shard may have none
                return replace(outcome, seconds=time.monotonic() - begun)
            with (
                private_root(self._outside.environ) as root,
                self._workplaces(root, spread(self._settings, targets, count)) as places,
                self._watched(jobs) as self._running,
            ):
                outcome = self._run(outcome, targets, jobs, root, places)
        except InterruptedRunError:
            pass
        except (ConfigError, FileError):
            raise
        except Exception as error:  # noqa: BLE001  the report must tell what was done before
            self._why_not_run = lacking(error)
            if self._why_not_run:
                outcome = replace(outcome, after=self._after_left())
            else:
                outcome = replace(outcome, bug=self._outside.mask.text(traceback.format_exc()))
        if self._stop.requested:
            self._why_not_run = "interrupted"
        if outcome.bug:
            self._why_not_run = "rolecall itself failed"
        return replace(
            outcome,
            results=tuple(self._filled(jobs)),
            before=self._before,
            preflight=self._preflighted,
            signal_number=self._stop.signal_number,
            seconds=time.monotonic() - begun,
        )

    def _run(
        self,
        outcome: Outcome,
        targets: Sequence[Target],
        jobs: Sequence[Job],
        root: Path,
        places: Workplaces,
    ) -> Outcome:
        left = self._left(jobs)
        if left:
            places.check(self._stop)
        if not left and (self._memory.after_succeeded or not self._settings.after):
            return outcome
        try:
            sessions = Sessions(self._stop.run(self._make_assumer), left)
        except AssumeError as error:
            failed = [not_assumed(job, error) for job in left]
            self._results += failed
            self._view.preflight_ended(failed, len(targets), 0)
            after = None if failed else once_left("after", Status.NOT_ASSUMED, error.reason)
            return replace(outcome, preflight_failed=self._settings.preflight, after=after)
        if self._settings.preflight and left:
            wanted = {job.target.name for job in left}
            if not self._preflight(sessions, [t for t in targets if t.name in wanted], left):
                return replace(outcome, preflight_failed=True)
        with Endpoint() as endpoint:
            deployer = Deployer(
                settings=self._settings,
                sessions=sessions,
                outside=self._outside,
                stop=self._stop,
                root=root,
                endpoint=endpoint,
                count=outcome.targets_in_all,
                places=places,
            )
            return self._deploy(outcome, deployer, jobs)

    def _deploy(self, outcome: Outcome, deployer: Deployer, jobs: Sequence[Job]) -> Outcome:
        if not self._memory.lost():
            self._before = before = self._once(deployer, "before", self._settings.before)
            if before and before.status is Status.FAILED and not self._stop.requested:
                self._why_not_run = "the commands before the first target failed"
                return outcome
            # There may be more to copy by now.
            if before and (why := deployer.places.obstacle(self._stop)):
                self._why_not_run = why
                return outcome
        self._fan_out(deployer, jobs)
        if self._stop.requested or not self._settings.after:
            return outcome
        if why := self._memory.lost() or self._memory.begin_after():
            return replace(outcome, after=once_left("after", Status.NOT_RUN, why))
        after = self._once(deployer, "after", self._settings.after)
        if after and after.status is Status.SUCCEEDED:
            self._memory.remember_after()
        return replace(outcome, after=after)

    def _workplaces(self, root: Path, how: Spread) -> AbstractContextManager[Workplaces]:
        outside = self._outside
        return workplaces(
            outside.environ,
            outside.folder,
            root,
            copies=how.at_once if how.workspace == COPY else 0,
            left_out=outside.left_out,
            artifacts=outside.artifacts,
        )

    def _watched(self, jobs: Sequence[Job]) -> Running:
        noun = wording.unit(job.target.name for job in jobs)
        return Running(self._view, self._stop, grace=self._settings.grace, noun=noun)

    def _left(self, jobs: Sequence[Job]) -> list[Job]:
        """What did not succeed before; the rest is told, and has its results."""
        known = self._memory.successes
        done = [succeeded_before(job, known[job.key]) for job in jobs if job.key in known]
        left = [job for job in jobs if job.key not in known]
        if done:
            self._results += done
            self._view.skipped(done, len(left))
        return left

    def _preflight(
        self, sessions: Sessions, targets: Sequence[Target], jobs: Sequence[Job]
    ) -> bool:
        started_at, begun = time.time(), time.monotonic()
        self._view.preflight_started(len(targets))
        failures: dict[str, AssumeError] = {}
        told = begun
        for done, (target, answer) in enumerate(
            assume_all(sessions.assumer, targets, self._stop), start=1
        ):
            if time.monotonic() - told >= _TOLD_EVERY:
                told = time.monotonic()
                self._view.preflight_goes_on(done, len(targets), told - begun)
            if isinstance(answer, AssumeError):
                failures[target.name] = answer
            else:
                sessions.keep(target, answer)
        failed = [
            not_assumed(job, failures[job.target.name])
            for job in jobs
            if job.target.name in failures
        ]
        if failed:
            self._why_not_run = _PREFLIGHT_FAILED
            self._results += failed
        span = Span(started_at=started_at, seconds=time.monotonic() - begun)
        self._preflighted = span
        self._view.preflight_ended(failed, len(targets), span.seconds)
        return not failures

    def _fan_out(self, deployer: Deployer, jobs: Sequence[Job]) -> None:
        fanout = Fanout(
            self._settings,
            self._view,
            deployer,
            jobs,
            self._results,
            memory=self._memory,
            running=self._running,
        )
        try:
            fanout.run()
        finally:
            self._why_not_run = fanout.why_not_run

    def _once(self, deployer: Deployer, name: str, commands: Commands) -> Result | None:
        """None where there are no such commands."""
        if not commands:
            return None
        listener = self._view.once_started(name)
        with self._running.once(name):
            found = deployer.once(name, commands, listener)
        self._view.target_ended(found)
        return found

    def _after_left(self) -> Result | None:
        """The commands after the last target, where they have not succeeded in an earlier try."""
        if not self._settings.after or self._memory.after_succeeded:
            return None
        return once_left("after", Status.NOT_RUN, self._why_not_run)

    def _filled(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """The results in the order asked for, with `not run` for what was not reached."""
        done = {(found.target, found.region): found for found in self._results}
        for job in jobs:
            found = done.get((job.target.name, job.region))
            yield found or result(job, Status.NOT_RUN, reason=self._why_not_run)


def _jobs(targets: Sequence[Target]) -> Iterator[Job]:
    for target in targets:
        for region in target.regions:
            yield Job(target=target, region=region)
