"""Deploys to one target in one region: session, profile, commands, Result."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from rolecall.aws_files import OwnProfile
from rolecall.commands import environment
from rolecall.commands.run import Listener, Plan, run
from rolecall.commands.stdin import NOTHING, Stdin
from rolecall.errors import AssumeError, FileError
from rolecall.files import new_folder
from rolecall.jobs import Job, not_assumed, result
from rolecall.profiles import home
from rolecall.profiles.endpoint import Endpoint
from rolecall.profiles.private import REFRESHING, PrivateProfile, private_profile
from rolecall.results import CommandResult, Result, Status, worst
from rolecall.secret import Mask, Secret
from rolecall.sessions.alarms import Alarms
from rolecall.sessions.assume import Assumer
from rolecall.sessions.refresher import Refresher
from rolecall.sessions.session import Session
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.stop import Stop
from rolecall.targets import Target
from rolecall.workplaces import Folders, Workplace, Workplaces


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a run takes from outside.

    Attributes:
        environ: what commands inherit before and after the targets. inherited: what of it those of
            a target do. folder: where they run, or what a working copy is of.
        shell: argv a script is added to. own: what the source's profile says beside credentials.
        mask: hides the source's secrets.
        artifacts: gives a target in a region its folder for what stays; None for no such folders.
        left_out: what no working copy has. stdin: what commands in targets read.
    """

    environ: Mapping[str, str]
    inherited: Mapping[str, str]
    folder: Path
    shell: Sequence[str]
    own: OwnProfile
    mask: Mask
    stop: Stop
    artifacts: Folders | None = None
    left_out: frozenset[Path] = frozenset()
    stdin: Stdin = NOTHING


class Sessions:
    """The sessions of targets, each for as long as jobs of its target are left."""

    def __init__(self, assumer: Assumer, jobs: Iterable[Job]) -> None:
        self.assumer = assumer
        self._left = Counter(job.target.name for job in jobs)
        self._held: dict[str, Session] = {}

    def get(self, target: Target, stop: Stop) -> Session:
        """One with at least half its time left."""
        session = self._held.get(target.name)
        if session is None or not session.fresh():
            session = stop.run(lambda: self.assumer.assume(target))
            self.keep(target, session)
        return session

    def keep(self, target: Target, session: Session) -> None:
        self._held[target.name] = session

    def done(self, job: Job) -> None:
        """This job needs its session no more."""
        self._left[job.target.name] -= 1
        if not self._left[job.target.name]:
            self._held.pop(job.target.name, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployer:
    """Deploys in private folders below `root`. Safe in many threads.

    Attributes:
        count: of all targets. places: where commands run.
        endpoint: gives credentials to what knows no other way to them.
        stop: ends what runs. alarms: wait for the time to renew sessions, and look after limits.
    """

    settings: Settings
    sessions: Sessions
    outside: Surroundings
    stop: Stop
    root: Path
    endpoint: Endpoint
    count: int
    places: Workplaces
    alarms: Alarms = field(default_factory=Alarms)

    def deploy(self, job: Job, listener: Listener) -> Result:
        """Assumes, verifies, writes the profile, runs. Never raises for what befalls a target.

        Raises:
            InterruptedRunError: before any command has begun.
        """
        started_at, begun = time.time(), time.monotonic()
        try:
            commands = self._commands(job, listener)
        except AssumeError as error:
            return not_assumed(job, error, started_at, time.monotonic() - begun)
        except FileError as error:
            return result(job, Status.FAILED, reason=str(error), started_at=started_at)
        except (OSError, MemoryError) as error:
            return result(job, Status.FAILED, reason=_refused(error), started_at=started_at)
        finally:
            self.sessions.done(job)
        return replace(
            result(job, worst(commands), started_at=started_at),
            seconds=time.monotonic() - begun,
            commands=commands,
        )

    def _commands(self, job: Job, listener: Listener) -> tuple[CommandResult, ...]:
        target, mode = job.target, self.settings.profile_mode or REFRESHING
        session = self.sessions.get(target, self.stop)
        if not self.settings.preflight:
            assumer = self.sessions.assumer
            self.stop.run(lambda: assumer.check_region(target, session, job.region))
        folder = self.root / f"{job.target.index}-{job.region}"
        profile = private_profile(
            folder,
            target.name,
            region=job.region,
            mode=mode,
            own=self.outside.own,
            endpoint=self.endpoint,
        )
        with ExitStack() as stack:
            place = stack.enter_context(self.places.of(job, self.stop))
            stack.callback(profile.remove)
            profile.write(session)
            mask = self._mask(job, session, profile)
            if profile.renews:
                stack.enter_context(self._refresher(target, session, profile, mask))
            environ = environment.of_target(
                self.outside.inherited,
                target,
                region=job.region,
                index=job.target.index,
                count=self.count,
                settings=profile.settings(),
                profile=profile.variables(),
            )
            environ |= home.private(environ, profile.home)
            commands = self.settings.commands
            return self._run(commands, folder, place, environ, mask=mask, listener=listener)

    def once(self, name: str, commands: Commands, listener: Listener) -> Result:
        """Runs commands with the source account's own credentials."""
        started_at, begun = time.time(), time.monotonic()
        results: tuple[CommandResult, ...] = ()
        reason = ""
        try:
            self.stop.run(lambda: self._mask_source(anew=True))
            folder = self.root / name
            new_folder(folder)
            mask, environ = self.outside.mask, self.outside.environ
            with self.places.once(name) as place:
                results = self._run(commands, folder, place, environ, mask=mask, listener=listener)
        except FileError as error:
            reason = str(error)
        except (OSError, MemoryError) as error:
            reason = _refused(error)
        return Result(
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

    def _run(
        self,
        commands: Commands,
        scripts: Path,
        place: Workplace,
        environ: Mapping[str, str],
        *,
        mask: Mask,
        listener: Listener,
    ) -> tuple[CommandResult, ...]:
        settings = self.settings
        plan = Plan(
            commands=commands,
            shell=self.outside.shell,
            folder=place.folder,
            timeout=settings.timeout,
            command_timeout=settings.command_timeout,
            grace=settings.grace,
        )
        return run(
            plan,
            scratch=scripts,
            environ=place.environ(environ),
            mask=mask,
            listener=listener,
            stop=self.stop,
            alarms=self.alarms,
            stdin=self.outside.stdin,
        )

    def _mask(self, job: Job, session: Session, profile: PrivateProfile) -> Mask:
        if self.sessions.assumer.source_due:
            self.stop.run(self._mask_source)
        else:
            self._mask_source()
        hops = self.sessions.assumer.hop_secrets
        self.outside.mask.issue(session.credentials.secrets())
        secrets: set[Secret] = {*session.credentials.secrets(), *profile.secrets(), *hops}
        return self.outside.mask.also(secrets)

    def _mask_source(self, *, anew: bool = False) -> None:
        """The source's credentials may have been replaced meanwhile, as CodeBuild's are."""
        with suppress(AssumeError):
            self.outside.mask.add(self.sessions.assumer.source_secrets(anew=anew))

    def _refresher(
        self, target: Target, session: Session, profile: PrivateProfile, mask: Mask
    ) -> Refresher:
        def use(renewed: Session) -> None:
            mask.add(renewed.credentials.secrets())
            mask.issue(renewed.credentials.secrets())
            profile.renew(renewed)
            self.sessions.keep(target, renewed)

        return Refresher(
            session,
            assume=lambda sleep: self.sessions.assumer.assume(target, sleep=sleep),
            use=use,
            name=target.name,
            alarms=self.alarms,
        )


def _refused(error: OSError | MemoryError) -> str:
    """What the machine had no more of, such as descriptors, processes or memory."""
    why = error.strerror if isinstance(error, OSError) else "out of memory"
    return f"the machine refused what the commands need: {why}; let fewer run at once"
