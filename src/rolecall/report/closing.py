"""The last words of a run, for people: what became of each, what failed and why, the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rolecall import explanations, wording
from rolecall.errors import signal_name
from rolecall.report import table
from rolecall.report.digest import Digest, in_time
from rolecall.report.lines import Lines, label
from rolecall.report.reasons import kept_out
from rolecall.results import Outcome, Result, Status

# What one reads: of hundreds that fail most fail alike, and the report has them all.
_MOST_FAILURES, _ALL_TAILS, _SHORTEST_TAIL = 50, 400, 4
_LONGEST_LEFT = 400  # a longer one would be all that is seen of the end; the report has it
_BAD, _GOOD = "1;31", "1;32"


class Closing:
    """Writes them.

    Args:
        width: columns; texts of commands, ids and paths stay whole.
    """

    def __init__(self, lines: Lines, width: int) -> None:
        self._lines, self._width = lines, width

    def tell(self, outcome: Outcome, report: str) -> None:
        self._say("")
        if outcome.everything or outcome.absent:
            self._say(table.results(outcome.everything, self._width, absent=outcome.absent))
        self._not_assumed(outcome)
        failed = (r for r in outcome.everything if r.status is Status.FAILED)
        self._failures(in_time(failed), report)
        self._not_run(outcome)
        if outcome.everything or outcome.absent:
            self._say("")
        code = outcome.exit_code
        said = ", ".join(_counts(outcome)) or "no targets"
        if outcome.unit != "target":
            said = f"{wording.count(len(outcome.results), outcome.unit)}: {said}"
        line = f"{said} in {wording.seconds(outcome.seconds)}"
        if outcome.signal_number is not None:
            line += f"; interrupted by {signal_name(outcome.signal_number)}"
        line = self._fitted(f"{line}; exit code {code}", "")
        self._say(self._lines.painted(_BAD if code else _GOOD, line))
        self._left(outcome)
        if report:
            # Both are there, or there is no report; this one is for people.
            self._say(f"Report: {Path(report).with_suffix('.html')}")
        reasons = (reason for _, reason, _ in kept_out(outcome.results))
        for hint in explanations.hints(reasons):
            self._say(hint)

    def _left(self, outcome: Outcome) -> None:
        left = Digest(outcome).left if outcome.exit_code else ""
        if 0 < len(left) <= _LONGEST_LEFT:
            self._say(f"To run all that is left: {left}")

    def _not_assumed(self, outcome: Outcome) -> None:
        for names, reason, remedy in kept_out(outcome.results):
            self._say("")
            line = self._fitted(f"{names}: {Status.NOT_ASSUMED}", "")
            self._say(self._lines.painted(_BAD, line))
            self._say(self._fitted(reason, "  "))
            if remedy:
                self._say(self._fitted(f"What to do: {remedy}", "  "))

    def _failures(self, failed: Sequence[Result], report: str) -> None:
        most = max(_SHORTEST_TAIL, _ALL_TAILS // max(1, len(failed)))
        for result in failed[:_MOST_FAILURES]:
            self._failure(result, most, Path(report).parent)
        if (more := len(failed) - _MOST_FAILURES) > 0:
            where = f"; {Path(report).parent} has the logs of all" if report else ""
            self._say("")
            self._say(self._lines.painted(_BAD, f"… and {more:,} more failed{where}"))

    def _failure(self, result: Result, most: int, folder: Path) -> None:
        self._say("")
        name = f"{result.target} ({result.account_id} {result.region})".replace(" ( )", "")
        self._say(self._lines.painted(_BAD, self._fitted(f"{name}: {result.status}", "")))
        if result.reason:
            self._say(self._fitted(result.reason, "  "))
        command = result.failed_command
        if command:
            self._say(f"  $ {label(command.command)}")
            self._say(f"  {command.reason}{'; its last lines:' if command.tail else ''}")
            for line in command.tail[-most:]:
                self._say(f"  | {line}")
        if result.log:
            self._say(f"  The whole log: {folder / result.log}")

    def _not_run(self, outcome: Outcome) -> None:
        reasons = Counter(r.reason for r in outcome.results if r.status is Status.NOT_RUN)
        if reasons:
            self._say("")
        for reason, count in reasons.items():
            self._say(self._fitted(f"{count:,} not run: {reason}", ""))

    def _fitted(self, text: str, indent: str) -> str:
        return wording.wrapped(text, self._width, indent)

    def _say(self, text: str) -> None:
        self._lines.say(text)


def _counts(outcome: Outcome) -> Iterator[str]:
    for status in Status:
        if outcome.count(status):
            yield f"{outcome.count(status):,} {status}"
    for result in (outcome.before, outcome.after):
        if result and result.status is Status.FAILED:
            yield f"the commands {result.target} them failed"
    if outcome.missing:
        yield f"{outcome.missing:,} in no report"
