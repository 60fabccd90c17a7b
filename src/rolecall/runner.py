"""The one orchestrator: preflight, before, each target in turn, after, outcome."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rolecall.commands import environment
from rolecall.commands.run import Plan, run
from rolecall.errors import AssumeError, ConfigError, FileError, InterruptedRunError
from rolecall.files import make_folder
from rolecall.profiles.private import REFRESHING, PrivateProfile, private_root
from rolecall.report.view import View
from rolecall.results import CommandResult, Outcome, Result, Status, worst
from rolecall.secret import Mask, Secret
from rolecall.sessions.assume import Assumer
from rolecall.sessions.preflight import assume_all
from rolecall.sessions.refresher import Refresher
from rolecall.sessions.session import Session
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.stop import Stop
from rolecall.targets import Target

_PREFLIGHT_FAILED = "another role could not be assumed, so nothing was deployed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One target in one region. `index` counts from 1."""

    target: Target
    region: str
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a run takes from outside.

    Attributes:
        environ: what commands inherit. folder: where they run. shell: argv a script is added to.
        mask: hides the source's secrets.
    """

    environ: Mapping[str, str]
    folder: Path
    shell: Sequence[str]
    mask: Mask
    stop: Stop


class Runner:
    """Deploys to every target in the order given. `run` never raises for what befalls a target."""

    _assumer: Assumer

    def __init__(
        self,
        settings: Settings,
        make_assumer: Callable[[], Assumer],
        view: View,
        surroundings: Surroundings,
    ) -> None:
        self._settings, self._make_assumer, self._view = settings, make_assumer, view
        self._outside = surroundings
        self._stop = surroundings.stop
        self._sessions: dict[str, Session] = {}
        self._results: list[Result] = []

    def run(self, targets: Sequence[Target]) -> Outcome:
        """What became of every target, also when interrupted or when rolecall itself fails.

        Raises:
            ConfigError, FileError: where the AWS settings, or the temporary folder, will not do;
                nothing was done.
        """
        started_at, begun = time.time(), time.monotonic()
        jobs = list(_jobs(targets))
        outcome = Outcome(results=(), started_at=started_at)
        try:
            with private_root(self._outside.environ) as root:
                outcome = self._run(outcome, targets, jobs, root)
        except InterruptedRunError:
            pass
        except (ConfigError, FileError):
            raise
        except Exception:  # noqa: BLE001  the report must tell what was done before
            outcome = replace(outcome, bug=self._outside.mask.text(traceback.format_exc()))
        why = "interrupted" if self._stop.requested else "an earlier target failed"
        if outcome.bug:
            why = "rolecall itself failed"
        return replace(
            outcome,
            results=tuple(self._filled(jobs, why)),
            signal_number=self._stop.signal_number,
            seconds=time.monotonic() - begun,
        )

    def _run(
        self, outcome: Outcome, targets: Sequence[Target], jobs: Sequence[Job], root: Path
    ) -> Outcome:
        try:
            self._assumer = self._stop.run(self._make_assumer)
        except AssumeError as error:
            self._results += [_not_assumed(job, error) for job in jobs]
            self._view.preflight_ended(self._results, len(targets), 0)
            return replace(outcome, preflight_failed=self._settings.preflight)
        if self._settings.preflight and not self._preflight(targets, jobs):
            return replace(outcome, preflight_failed=True)
        before = self._once("before", self._settings.before, root)
        outcome = replace(outcome, before=before)
        if before and before.status is Status.FAILED and not self._stop.requested:
            self._leave(jobs, "the commands before the first target failed")
            return outcome
        self._deploy(jobs, root)
        if not self._stop.requested:
            outcome = replace(outcome, after=self._once("after", self._settings.after, root))
        return outcome

    def _preflight(self, targets: Sequence[Target], jobs: Sequence[Job]) -> bool:
        begun = time.monotonic()
        self._view.preflight_started(len(targets))
        failures: dict[str, AssumeError] = {}
        for target, answer in assume_all(self._assumer, targets, self._stop):
            if isinstance(answer, AssumeError):
                failures[target.name] = answer
            else:
                self._sessions[target.name] = answer
        if failures:
            for job in jobs:
                error = failures.get(job.target.name)
                self._results.append(
                    _not_assumed(job, error)
                    if error
                    else _result(job, Status.NOT_RUN, reason=_PREFLIGHT_FAILED)
                )
        failed = [r for r in self._results if r.status is Status.NOT_ASSUMED]
        self._view.preflight_ended(failed, len(targets), time.monotonic() - begun)
        return not failures

    def _deploy(self, jobs: Sequence[Job], root: Path) -> None:
        count = jobs[-1].index if jobs else 0
        for job in jobs:
            if self._stop.requested:
                return
            self._view.target_started(job.target, job.region, job.index, count)
            result = self._deployed(job, count, root)
            self._results.append(result)
            self._view.target_ended(result)
            if job.region == job.target.regions[-1]:
                self._sessions.pop(job.target.name, None)
            if result.status is not Status.SUCCEEDED and self._settings.on_failure == "stop":
                return

    def _deployed(self, job: Job, count: int, root: Path) -> Result:
        try:
            return self._deploy_target(job, count, root)
        except InterruptedRunError:
            raise
        except Exception:
            why = "rolecall itself failed while the target's commands ran"
            self._results.append(_result(job, Status.FAILED, reason=why, started_at=time.time()))
            raise

    def _deploy_target(self, job: Job, count: int, root: Path) -> Result:
        """Assume, verify, write the profile, run."""
        started_at, begun = time.time(), time.monotonic()
        target, mode = job.target, self._settings.profile_mode or REFRESHING
        try:
            session = self._session(target)
            profile = PrivateProfile(
                root / f"{job.index}-{job.region}", target.name, region=job.region, mode=mode
            )
            with ExitStack() as stack:
                stack.callback(profile.remove)
                profile.write(session)
                mask = self._mask(session)
                if mode == REFRESHING:
                    stack.enter_context(self._refresher(target, session, profile, mask))
                environ = environment.of_target(
                    self._outside.environ,
                    target,
                    region=job.region,
                    index=job.index,
                    count=count,
                    profile=profile.variables(),
                )
                commands = run(
                    self._plan(self._settings.commands),
                    scratch=profile.folder,
                    environ=environ,
                    mask=mask,
                    listener=self._view,
                    stop=self._stop,
                )
        except AssumeError as error:
            return _not_assumed(job, error, started_at, time.monotonic() - begun)
        except FileError as error:
            return _result(job, Status.FAILED, reason=str(error), started_at=started_at)
        return replace(
            _result(job, worst(commands), started_at=started_at),
            seconds=time.monotonic() - begun,
            commands=commands,
        )

    def _session(self, target: Target) -> Session:
        session = self._sessions.get(target.name)
        if session is None or not session.fresh():
            session = self._stop.run(lambda: self._assumer.assume(target))
            self._sessions[target.name] = session
        return session

    def _mask(self, session: Session) -> Mask:
        self._mask_source()
        secrets: set[Secret] = {*session.credentials.secrets(), *self._assumer.hop_secrets}
        return self._outside.mask.also(secrets)

    def _mask_source(self, *, anew: bool = False) -> None:
        """The source's credentials may have been replaced meanwhile, as CodeBuild's are."""
        with suppress(AssumeError):
            self._outside.mask.add(self._assumer.source_secrets(anew=anew))

    def _refresher(
        self, target: Target, session: Session, profile: PrivateProfile, mask: Mask
    ) -> Refresher:
        def use(renewed: Session) -> None:
            mask.add(renewed.credentials.secrets())
            profile.renew(renewed)
            self._sessions[target.name] = renewed

        return Refresher(
            session,
            assume=lambda sleep: self._assumer.assume(target, sleep=sleep),
            use=use,
            name=target.name,
        )

    def _once(self, name: str, commands: Commands, root: Path) -> Result | None:
        """Commands with the source account's own credentials; None where there are none."""
        if not commands:
            return None
        started_at, begun = time.time(), time.monotonic()
        self._view.once_started(name)
        results: tuple[CommandResult, ...] = ()
        reason = ""
        try:
            self._stop.run(lambda: self._mask_source(anew=True))
            scratch = root / name
            make_folder(scratch)
            results = run(
                self._plan(commands),
                scratch=scratch,
                environ=self._outside.environ,
                mask=self._outside.mask,
                listener=self._view,
                stop=self._stop,
            )
        except FileError as error:
            reason = str(error)
        result = Result(
            target=name,
            account_id="",
            role_arn="",
            region="",
            status=Status.FAILED if reason else worst(results),
            started_at=started_at,
            seconds=time.monotonic() - begun,
            reason=reason,
            commands=results,
        )
        self._view.target_ended(result)
        return result

    def _plan(self, commands: Commands) -> Plan:
        settings = self._settings
        return Plan(
            commands=commands,
            shell=self._outside.shell,
            folder=self._outside.folder,
            timeout=settings.timeout,
            command_timeout=settings.command_timeout,
            grace=settings.grace,
        )

    def _leave(self, jobs: Sequence[Job], why: str) -> None:
        self._results += [_result(job, Status.NOT_RUN, reason=why) for job in jobs]

    def _filled(self, jobs: Sequence[Job], why: str) -> Iterator[Result]:
        """The results in the order asked for, with `not run` for what was not reached."""
        done = {(result.target, result.region): result for result in self._results}
        for job in jobs:
            result = done.get((job.target.name, job.region))
            yield result or _result(job, Status.NOT_RUN, reason=why)


def _jobs(targets: Sequence[Target]) -> Iterator[Job]:
    for index, target in enumerate(targets, 1):
        for region in target.regions:
            yield Job(target=target, region=region, index=index)


def _result(
    job: Job, status: Status, *, reason: str = "", started_at: float | None = None
) -> Result:
    return Result(
        target=job.target.name,
        account_id=job.target.account_id,
        role_arn=job.target.role.text,
        region=job.region,
        status=status,
        reason=reason,
        started_at=started_at,
    )


def _not_assumed(
    job: Job, error: AssumeError, started_at: float | None = None, seconds: float = 0.0
) -> Result:
    return replace(
        _result(job, Status.NOT_ASSUMED, reason=error.reason, started_at=started_at),
        remedy=error.remedy,
        seconds=seconds,
    )
