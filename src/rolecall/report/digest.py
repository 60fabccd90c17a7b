"""What a reader of an Outcome looks for first: what ended alike, why, and what to run again."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from rolecall.report.lines import label
from rolecall.results import Outcome, Result, Status

GRAVEST_FIRST = (
    Status.FAILED,
    Status.NOT_ASSUMED,
    Status.NOT_RUN,
    Status.SUCCEEDED,
    Status.SUCCEEDED_BEFORE,
)
_LEFT = (Status.FAILED, Status.NOT_ASSUMED, Status.NOT_RUN)
# Longer ones are no good to copy, and no command line takes them everywhere.
_LONGEST = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Results that ended alike.

    Attributes:
        command: the one that failed, by its label; empty where none did.
        reason, remedy: of the first of them; those of the others differ in names and ids alone.
    """

    results: tuple[Result, ...]
    command: str
    reason: str
    remedy: str


class Digest:
    """An Outcome, sorted. Each result is in one place.

    Attributes:
        failed: in the order in which they failed. not_assumed, not_run: in that of the targets.
    """

    def __init__(self, outcome: Outcome) -> None:
        self._regions = Counter(result.target for result in outcome.results)
        found: dict[Status, list[Result]] = {status: [] for status in Status}
        for result in outcome.everything:
            found[result.status].append(result)
        self.failed = _groups(in_time(found[Status.FAILED]), lambda r: (_command(r), _reason(r)))
        self.not_assumed = _groups(found[Status.NOT_ASSUMED], _why)
        self.not_run = _groups(found[Status.NOT_RUN], lambda r: r.reason)
        self._left = [result for result in outcome.everything if result.status in _LEFT]
        self._flags = outcome.plan.flags
        # The names are divided once more where the surroundings have the part that this run was.
        self._whole = ("--shard", "1/1") if outcome.shard != "1/1" else ()
        self._remembers = any(option.name == "state" for option in outcome.plan.options)

    def name(self, result: Result) -> str:
        """The target, with its region where it has several."""
        several = self._regions[result.target] > 1
        return f"{result.target}/{result.region}" if several else result.target

    def again(self, results: Sequence[Result]) -> str:
        """The command that runs these again, in surroundings alike.

        Empty where it is too long, or the flags of the run are unknown. Roles that could not be
        assumed are tried first, which costs nothing.
        """
        denied = results[0].status is Status.NOT_ASSUMED
        return self._command("plan --check" if denied else "run", results)

    @property
    def left(self) -> str:
        """The command that runs all that did not succeed; empty as above."""
        return self._command("run", self._left) if self._left else ""

    def _command(self, verb: str, results: Sequence[Result]) -> str:
        if self._flags is None:
            return ""
        # A state has what succeeded, and is another one where ONLY asks for something else.
        if any(not result.role_arn for result in results) or (self._remembers and verb == "run"):
            words = ["rolecall", "run", *self._flags]
        else:
            names = ",".join(map(self.name, results))
            pairs = zip(self._flags[::2], self._flags[1::2], strict=True)
            others = [
                word for pair in pairs if pair[0] not in ("--only", "--shard") for word in pair
            ]
            words = ["rolecall", *verb.split(), "--only", names, *self._whole, *others]
        said = shlex.join(words)
        return said if len(said) <= _LONGEST else ""


def in_time(failed: Iterable[Result]) -> list[Result]:
    """Those that failed in the order in which they did; what was ended because of them is last."""
    return sorted(failed, key=lambda r: (r.aborted, (r.started_at or 0) + r.seconds))


def verdict(outcome: Outcome) -> str:
    """`1 failed, 2 not run, 57 succeeded`: how many ended in each way, gravest first."""
    counts = [(outcome.count(status), status) for status in GRAVEST_FIRST]
    said = [f"{count:,} {status}" for count, status in counts if count]
    said += [
        f"the commands {result.target} {'it' if len(outcome.results) == 1 else 'them'} failed"
        for result in (outcome.before, outcome.after)
        if result and result.status is Status.FAILED
    ]
    return ", ".join(said)


def _groups(results: Iterable[Result], alike: Callable[[Result], Hashable]) -> list[Group]:
    found: dict[Hashable, list[Result]] = {}
    for result in results:
        found.setdefault(alike(result), []).append(result)
    return [
        Group(
            results=tuple(members),
            command=_command(members[0]),
            reason=_reason(members[0]),
            remedy=members[0].remedy,
        )
        for members in found.values()
    ]


def _command(result: Result) -> str:
    return label(result.failed_command.command) if result.failed_command else ""


def _reason(result: Result) -> str:
    return result.failed_command.reason if result.failed_command else result.reason


def _why(result: Result) -> tuple[str, str]:
    """Reason and remedy without what is the target's own."""

    def common(text: str) -> str:
        return text.replace(result.role_arn, "\0").replace(result.account_id, "\0")

    return common(result.reason), common(result.remedy)
