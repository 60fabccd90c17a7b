"""The log for people: readable at 80 columns without colour, better on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rolecall import explanations, wording
from rolecall.report import table
from rolecall.report.lines import COLOURS, CommandLines, Lines, label
from rolecall.report.reasons import kept_out
from rolecall.report.spread import Spread, spread
from rolecall.report.view import ByteSink
from rolecall.results import Outcome, Result, Status
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.settings.documents import Commands
from rolecall.targets import Target

MOST_LISTED = 50


class Console:
    """Writes to a terminal, or to a log that has no colours.

    Args:
        stream: output of commands goes through untouched, save that each line stands behind its
            target's name where several run at once. mask: for what rolecall itself says.
        most_listed: how many targets the plan lists; None for all.
    """

    def __init__(
        self,
        stream: ByteSink,
        *,
        mask: Mask,
        colour: bool,
        width: int = 80,
        most_listed: int | None = MOST_LISTED,
    ) -> None:
        self._lines = Lines(stream, mask=mask, colour=colour)
        self._width = width
        self._most_listed = most_listed
        self._spread = Spread()
        self._report = ""
        self._by_region = False

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        listed = targets[: self._most_listed]
        self._by_region = any(len(target.regions) > 1 for target in targets)
        if count:
            self._spread = spread(settings, targets, count)
            self.say(wording.wrapped(f"rolecall: {self._spread.words}", self._width, "", "    "))
        if listed:
            self.say(table.plan(listed, self._width))
        if len(targets) > len(listed):
            self.say(f"… and {len(targets) - len(listed):,} more; `rolecall plan` lists all")
        for name, commands in (
            ("before", settings.before),
            ("commands", settings.commands),
            ("after", settings.after),
        ):
            self._plan_commands(name, commands)

    def _plan_commands(self, name: str, commands: Commands) -> None:
        if commands:
            self.say(f"{name}:")
            for item in commands.items:
                self.say("  $ " + "\n    ".join(map(wording.printable, item.splitlines())))

    def skipped(self, results: Sequence[Result], left: int) -> None:
        names = [f"{r.target}/{r.region}" if self._by_region else r.target for r in results]
        listed = ", ".join(names[:MOST_LISTED])
        if (more := len(names) - MOST_LISTED) > 0:
            listed += f" and {more:,} more"
        all_in = f"{len(results):,} of {wording.count(len(results) + left, 'target')}"
        rest = f"{left:,} left to run" if left else "nothing is left to run"
        self.say("")
        text = f"State: {all_in} succeeded in an earlier try, {rest}; skipped: {listed}"
        self.say(wording.wrapped(text, self._width, "", "    "))

    def preflight_started(self, count: int) -> None:
        self.say("")
        self.say(f"Preflight: assuming {wording.count(count, 'role')}")

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        if not failures:
            self.say(
                f"Preflight: {wording.count(count, 'role')} assumed, every account verified"
                f" ({wording.seconds(seconds)})"
            )
            return
        self.say(
            f"Preflight: {len(failures):,} of {wording.count(count, 'role')} could not be assumed;"
            " nothing was deployed"
        )

    def once_started(self, name: str) -> CommandLines:
        self._header(name, "source account")
        return CommandLines(self._lines)

    def wave_started(self, number: int, count: int, targets: int) -> None:
        self.say("")
        given = self._spread.waves[number - 1]
        its = f" (wave: {given})" if given != number else ""
        words = f"Wave {number} of {count}{its}: {wording.count(targets, 'target')}"
        self.say(self._painted("1", words))

    def target_started(self, target: Target, region: str) -> CommandLines:
        left, right = (
            f"[{target.index}/{self._spread.count}] {target.name}",
            f"{target.account_id}  {region}",
        )
        if self._spread.at_once == 1:
            self._header(left, right)
            return CommandLines(self._lines)
        self.say(self._painted("1", f"=== {left}  {right}"))
        return CommandLines(self._lines, self._spread.prefix(target, region))

    def _header(self, left: str, right: str) -> None:
        self.say("")
        text = f"=== {left}  {right} "
        self.say(self._painted("1", text + "=" * max(3, self._width - len(text))))

    def target_ended(self, result: Result) -> None:
        reason = f": {result.reason}" if result.reason else ""
        text = f"--- {result.target} {result.status}{reason} ({wording.seconds(result.seconds)})"
        text = wording.wrapped(text, self._width, "", "    ")
        text = self._painted(COLOURS[result.status], text)
        if result.remedy:
            text += "\n" + wording.wrapped(result.remedy, self._width, "    ")
        self.say(text)

    def finished(self, outcome: Outcome, report: str) -> None:
        self.say("")
        self._report = report
        everything = [r for r in (outcome.before, *outcome.results, outcome.after) if r]
        self.say(table.results(everything, self._width))
        self._not_assumed(outcome)
        for result in everything:
            if result.status is Status.FAILED:
                self._failure(result)
        self._not_run(outcome)
        counts = [
            f"{outcome.count(status):,} {status}" for status in Status if outcome.count(status)
        ]
        counts += [
            f"the commands {result.target} them failed"
            for result in (outcome.before, outcome.after)
            if result and result.status is Status.FAILED
        ]
        if outcome.missing:
            counts.append(f"{outcome.missing:,} in no report")
        self.say("")
        line = f"{', '.join(counts) or 'no targets'} in {wording.seconds(outcome.seconds)}"
        if outcome.signal_number is not None:
            line += f"; interrupted by signal {outcome.signal_number}"
        code = outcome.exit_code
        self.say(self._painted("1;32" if code == 0 else "1;31", f"{line}; exit code {code}"))
        if report:
            self.say(f"Report: {report}")
        reasons = (reason for _, reason, _ in kept_out(outcome.results))
        for topic in filter(None, dict.fromkeys(map(explanations.topic_of, reasons))):
            self.say(explanations.hint(topic))

    def _not_assumed(self, outcome: Outcome) -> None:
        for names, reason, remedy in kept_out(outcome.results):
            self.say("")
            self.say(self._painted("1;31", f"{names}: {Status.NOT_ASSUMED}"))
            self.say(wording.wrapped(reason, self._width, "  "))
            if remedy:
                self.say(wording.wrapped(f"What to do: {remedy}", self._width, "  "))

    def _failure(self, result: Result) -> None:
        self.say("")
        name = f"{result.target} ({result.account_id} {result.region})".replace(" ( )", "")
        self.say(self._painted("1;31", f"{name}: {result.status}"))
        if result.reason:
            self.say(wording.wrapped(result.reason, self._width, "  "))
        command = result.failed_command
        if command:
            self.say(f"  $ {label(command.command)}")
            self.say(f"  {command.reason}{'; its last lines:' if command.tail else ''}")
            for line in command.tail:
                self.say(f"  | {line}")
        if result.log:
            self.say(f"  The whole log: {Path(self._report).parent / result.log}")

    def _not_run(self, outcome: Outcome) -> None:
        reasons = Counter(r.reason for r in outcome.results if r.status is Status.NOT_RUN)
        if reasons:
            self.say("")
        for reason, count in reasons.items():
            self.say(wording.wrapped(f"{count:,} not run: {reason}", self._width, ""))

    def _painted(self, code: str, text: str) -> str:
        return self._lines.painted(code, text)

    def say(self, text: str) -> None:
        """Writes lines of rolecall's own, never into the middle of another."""
        self._lines.say(text)
