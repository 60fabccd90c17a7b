"""What became of a target. A Result is never an exception."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rolecall import errors, wording

# How a reason begins where rolecall ended what ran, because of what had failed elsewhere.
ABORTED = "ended, since "


class Status(StrEnum):
    SUCCEEDED = "succeeded"
    SUCCEEDED_BEFORE = "succeeded before"  # in an earlier try of the same run
    FAILED = "failed"
    NOT_ASSUMED = "not assumed"
    NOT_RUN = "not run"


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandResult:
    """One command of one target.

    Attributes:
        exit_code: the shell's; None where it did not end by itself or did not run.
        started_at: seconds since the epoch; None where it did not run. seconds: wall-clock time.
        reason: why it failed or was not run, in one line.
        tail: the last lines of its output, masked; kept for failures only.
    """

    command: str
    status: Status
    exit_code: int | None = None
    started_at: float | None = None
    seconds: float = 0.0
    reason: str = ""
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One target in one region, or the commands before or after all of them.

    Attributes:
        index: the target's place among all, from 1. wave: its wave, from 1. Both are 0 for the
            commands before or after.
        log: the path of the file with its output, relative to the report's folder; empty where
            there is none. artifacts: likewise, the folder with what its commands have left.
    """

    target: str
    account_id: str
    role_arn: str
    region: str
    status: Status
    index: int = 0
    wave: int = 0
    started_at: float | None = None
    seconds: float = 0.0
    reason: str = ""
    remedy: str = ""
    commands: tuple[CommandResult, ...] = ()
    log: str = ""
    artifacts: str = ""

    @property
    def failed_command(self) -> CommandResult | None:
        return next((c for c in self.commands if c.status is Status.FAILED), None)

    @property
    def aborted(self) -> bool:
        """It was ended because of others, as ON_FAILURE=abort asks for."""
        return bool(self.failed_command and self.failed_command.reason.startswith(ABORTED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of time. `started_at` is in seconds since the epoch."""

    started_at: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """An option that was given: its value as a user would write it, and where it came from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run was asked to do, beside its targets: they are in the results, one and all.

    Attributes:
        flags: words of its command line, a flag and its value in turn; None where they are unknown,
            or nobody could copy them: one holds a secret, or several lines.
    """

    options: tuple[Given, ...] = ()
    flags: tuple[str, ...] | None = ()
    before: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What a run is of. Each is one line of text; empty where it is not known.

    Attributes:
        build_id: the CI's, for CodeBuild `project:uuid`. build_url: its page, for people.
        execution_id: the pipeline's. commit: of the source, or what its version is called.
        caller: the ARN that STS knows the source by. image: the container image of the build.
        rolecall: its version. shard: the part of the targets that it had.
    """

    build_id: str = ""
    build_url: str = ""
    execution_id: str = ""
    commit: str = ""
    caller: str = ""
    image: str = ""
    rolecall: str = ""
    shard: str = "1/1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A whole run: one Result per target and region, in the order asked for.

    Attributes:
        before, after: Results of the commands that run once; None where there are none.
        preflight: when every role was tried; None where that was not asked for, or not finished.
        preflight_failed: a role could not be assumed, so nothing was deployed.
        signal_number: the signal that ended the run early, if one did.
        started_at: seconds since the epoch. seconds: wall-clock time of the whole run.
        bug: the trace of an unexpected failure, masked.
        run_id: RUN_ID, or else EXECUTION_ID; empty where neither was given.
        shard: which part of the targets this run had, as SHARD has it. targets_in_all: how many
            targets there are over all parts; 0 where that is not known. missing: how many of those
            no report tells of, where several were merged.
        targets_digest: what the whole list of targets was, as `targets.pin` tells it.
        commands_digest: of the commands as they are shown, and their shell. Both are empty where
            that is not known.
        origins: what the run is of; several, where several were merged.
    """

    results: tuple[Result, ...]
    before: Result | None = None
    after: Result | None = None
    plan: Plan = Plan()
    preflight: Span | None = None
    preflight_failed: bool = False
    signal_number: int | None = None
    started_at: float = 0.0
    seconds: float = 0.0
    bug: str = ""
    run_id: str = ""
    shard: str = "1/1"
    targets_in_all: int = 0
    missing: int = 0
    targets_digest: str = ""
    commands_digest: str = ""
    origins: tuple[Origin, ...] = ()

    @property
    def exit_code(self) -> int:
        """The documented exit code; the gravest thing that happened decides."""
        if self.bug:
            return errors.BUG
        if self.signal_number is not None:
            return 128 + self.signal_number
        if self.missing or any(r.status is Status.FAILED for r in self.everything):
            return errors.TARGET_FAILED
        if any(result.status is Status.NOT_ASSUMED for result in self.everything):
            return errors.NOT_ASSUMED
        if any(result.status is Status.NOT_RUN for result in self.everything):
            return errors.TARGET_FAILED
        return errors.SUCCEEDED

    @property
    def everything(self) -> tuple[Result, ...]:
        """What came before, the targets, and what came after."""
        return tuple(r for r in (self.before, *self.results, self.after) if r)

    @property
    def absent(self) -> tuple[int, ...]:
        """The places, from 1, of the targets that no report tells of."""
        seen = {result.index for result in self.results}
        places = range(1, self.targets_in_all + 1) if self.missing else ()
        return tuple(place for place in places if place not in seen)

    @property
    def unit(self) -> str:
        """What a result is of: `target`, or `deployment` where one has several regions."""
        return wording.unit(result.target for result in self.results)

    @property
    def size(self) -> str:
        """`4 targets`, or `4 targets (8 deployments)`."""
        targets = wording.count(len({result.target for result in self.results}), "target")
        several = f" ({wording.count(len(self.results), self.unit)})"
        return targets + (several if self.unit != "target" else "")

    def count(self, status: Status) -> int:
        return sum(result.status is status for result in self.results)


def exit_reason(exit_code: int) -> str:
    """An exit code in words; a negative one, or one over 128, names the signal."""
    number = -exit_code if exit_code < 0 else exit_code - 128
    if exit_code < 0:
        return f"killed by {errors.signal_name(number)}"
    known = number in set(signal.Signals)
    return f"exit code {exit_code}" + (f" ({errors.signal_name(number)})" if known else "")


def worst(commands: Iterable[CommandResult]) -> Status:
    """FAILED if any command failed, else SUCCEEDED."""
    failed = any(command.status is Status.FAILED for command in commands)
    return Status.FAILED if failed else Status.SUCCEEDED
