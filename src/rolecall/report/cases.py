"""What became of everything as test cases, no more of them than a CodeBuild report group takes.

The limit is from the AWS CodeBuild User Guide, "Quotas for AWS CodeBuild".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rolecall import explanations
from rolecall.report.digest import GRAVEST_FIRST
from rolecall.report.lines import label
from rolecall.results import CommandResult, Outcome, Result, Status

MOST = 500
_ALL = "all commands"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One line of a test report. Texts are neither masked nor cut yet.

    Attributes:
        place: where it happened: `dev eu-central-1`. name: what happened there.
        role_arn: the role it was done with; empty for the source account's own credentials.
        account_id, region: where it was done. wave: the target's, from 1; 0 for what is of none.
        reason: why it did not succeed, in one line. details: more of that, the last lines last.
    """

    place: str
    name: str
    status: Status
    role_arn: str = ""
    account_id: str = ""
    region: str = ""
    wave: int = 0
    seconds: float = 0.0
    reason: str = ""
    details: str = ""


def cases(outcome: Outcome, commands: Sequence[str]) -> list[Case]:
    """A case per target, region and command; past 500, one per target and region, gravest first.

    Args:
        commands: what was to run in each target, so that one that was not run has its cases too.
    """
    everything = _culprits_first(outcome.everything)
    bug = [_bug(outcome.bug)] if outcome.bug else []
    room = MOST - len(bug)
    if sum(_size(result, commands) for result in everything) <= room:
        return [*bug, *(case for result in everything for case in _each(result, commands))]
    if len(everything) <= room:
        return [*bug, *map(_whole, everything)]
    ranked = sorted(everything, key=lambda r: (GRAVEST_FIRST.index(r.status), r.aborted))
    return [*bug, *map(_whole, ranked[: room - 1]), _rest(ranked[room - 1 :])]


def _culprits_first(everything: Sequence[Result]) -> Sequence[Result]:
    """In the order asked for, save where some were ended because of others that failed."""
    if not any(result.aborted for result in everything):
        return everything
    culprits = [r for r in everything if r.status is Status.FAILED and not r.aborted]
    known = set(map(id, culprits))
    return [*culprits, *(r for r in everything if id(r) not in known)]


def _size(result: Result, commands: Sequence[str]) -> int:
    """How many cases `_each` makes."""
    alone = result.status not in (Status.NOT_RUN, Status.SUCCEEDED_BEFORE)
    return len(result.commands) or len(commands) + alone


def _each(result: Result, commands: Sequence[str]) -> Iterator[Case]:
    """A case per command, after one for what kept them from running.

    What succeeded before has the cases that it had then: a case that comes and goes with each try
    would be another one to those who follow it.
    """
    if result.status is Status.SUCCEEDED_BEFORE:
        status, why = result.status, result.reason
        done = [CommandResult(command=c, status=status, reason=why) for c in commands]
        yield from _per_command(result, done)
        return
    if result.commands:
        yield from _per_command(result, result.commands)
        return
    why = result.reason
    if result.status is not Status.NOT_RUN:
        assumed = result.status is not Status.NOT_ASSUMED
        yield _case(result, "prepare" if assumed else f"assume {result.role_arn}")
        why = "its profile could not be written" if assumed else "its role could not be assumed"
    not_run = [CommandResult(command=c, status=Status.NOT_RUN, reason=why) for c in commands]
    yield from _per_command(result, not_run)


def _per_command(result: Result, commands: Sequence[CommandResult]) -> Iterator[Case]:
    seen: Counter[str] = Counter()
    for command in commands:
        name = label(command.command)
        seen[name] += 1
        yield Case(
            place=_place(result),
            name=f"{name} ({seen[name]})" if seen[name] > 1 else name,
            status=command.status,
            role_arn=result.role_arn,
            account_id=result.account_id,
            region=result.region,
            wave=result.wave,
            seconds=command.seconds,
            reason=command.reason,
            details="\n".join(command.tail),
        )


def _whole(result: Result) -> Case:
    """One case for all that was done in a target and region."""
    failed = result.failed_command
    if failed is None:
        return _case(result, _ALL)
    details = "\n".join([f"$ {label(failed.command)}", *failed.tail])
    return _case(result, _ALL, reason=failed.reason, details=details)


def _case(result: Result, name: str, *, reason: str = "", details: str = "") -> Case:
    return Case(
        place=_place(result),
        name=name,
        status=result.status,
        role_arn=result.role_arn,
        account_id=result.account_id,
        region=result.region,
        wave=result.wave,
        seconds=result.seconds,
        reason=reason or result.reason,
        details=details or "\n".join(_help(result)),
    )


def _help(result: Result) -> Iterator[str]:
    if result.remedy:
        yield f"What to do: {result.remedy}"
    if topic := explanations.topic_of(result.reason):
        yield explanations.hint(topic)


def _place(result: Result) -> str:
    return f"{result.target} {result.region}".strip()


def _rest(results: Sequence[Result]) -> Case:
    """What no case was left for, as grave as the gravest of it."""
    counts = Counter(result.status for result in results)
    said = ", ".join(f"{counts[s]:,} {s}" for s in GRAVEST_FIRST if counts[s])
    return Case(
        place="rolecall",
        name=f"and {len(results):,} more: {said}",
        status=results[0].status,
        reason=f"a report has room for {MOST} cases; report.json has all",
    )


def _bug(trace: str) -> Case:
    return Case(
        place="rolecall",
        name="run",
        status=Status.FAILED,
        reason="rolecall itself failed",
        details=trace,
    )
