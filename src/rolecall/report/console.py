"""The log for people: readable at 80 columns without colour, better on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rolecall import wording
from rolecall.report import table
from rolecall.report.closing import Closing
from rolecall.report.interruption import Interruption
from rolecall.report.lines import COLOURS, CommandLines, Lines
from rolecall.report.spread import Spread, spread
from rolecall.report.view import ByteSink
from rolecall.results import Outcome, Result
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
        self._by_region = False
        self._preflighting = False
        self._headed = False  # whether a line leads to the targets that run at once
        self._several: frozenset[str] = frozenset()

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        listed = sorted(targets, key=lambda target: target.wave)[: self._most_listed]
        self._several = frozenset(t.name for t in targets if len(t.regions) > 1)
        self._by_region = bool(self._several)
        if count:
            self._spread = spread(settings, targets, count)
            self.say(wording.wrapped(f"rolecall: {self._spread.words}", self._width, "", "    "))
        if count and not targets and settings.shard.count > 1:
            self.say(f"shard {settings.shard} has no targets: nothing to do")
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
        if count and (self._spread.at_once > 1 or settings.workspace):
            where = f"workspace: {self._spread.where}"
            self.say(wording.wrapped(where, self._width, "", "    "))

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
        all_in = f"{len(results):,} of {wording.count(len(results) + left, self._spread.unit)}"
        rest = f"{left:,} left to run" if left else "nothing is left to run"
        self.say("")
        text = f"State: {all_in} succeeded in an earlier try, {rest}; skipped: {listed}"
        self.say(wording.wrapped(text, self._width, "", "    "))

    def preflight_started(self, count: int) -> None:
        self._preflighting = True
        self.say("")
        self.say(f"Preflight: assuming {wording.count(count, 'role')}")

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None:
        tried = f"{done:,} of {wording.count(count, 'role')} tried"
        self.say(f"Preflight: {tried} ({wording.seconds(seconds)})")

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        if failures and not self._preflighting:  # not even the source's credentials could be had
            self.say("")
        if not failures:
            self.say(
                f"Preflight: {wording.count(count, 'role')} assumed, every account verified"
                f" ({wording.seconds(seconds)})"
            )
            return
        roles = len({failure.target for failure in failures})  # each in all of its regions
        self.say(
            f"Preflight: {roles:,} of {wording.count(count, 'role')} could not be assumed;"
            " nothing was deployed"
        )

    def once_started(self, name: str) -> CommandLines:
        self.say("")
        self._header(name, "source account")
        return CommandLines(self._lines, width=self._width)

    def wave_started(self, number: int, count: int, targets: int) -> None:
        self._headed = True
        self.say("")
        given = self._spread.waves[number - 1]
        its = f" (wave: {given})" if given != number else ""
        words = f"Wave {number} of {count}{its}: {wording.count(targets, self._spread.lane)}"
        self.say(self._painted("1", words))

    def target_started(self, target: Target, region: str) -> CommandLines:
        left, right = (
            f"[{target.index}/{self._spread.count}] {target.name}",
            f"{target.account_id}  {region}",
        )
        if self._spread.at_once == 1:
            self.say("")
            self._header(left, right)
            return CommandLines(self._lines, width=self._width)
        if not self._headed:
            self._headed = True
            self.say("")
        self._header(left, right)
        prefix = self._spread.prefix(target, region)
        return CommandLines(self._lines, prefix, width=self._width)

    def _header(self, left: str, right: str) -> None:
        """A line from edge to edge, so that the eye finds it; two, for a name that is long."""
        head, below = f"=== {left}  {right} ", ""
        if wording.columns(head) + len("===") > self._width:
            head, below = f"=== {left} ", f"\n    {right}"
        self.say(self._painted("1", head + "=" * (self._width - wording.columns(head)) + below))

    def target_ended(self, result: Result) -> None:
        reason = f": {result.reason}" if result.reason else ""
        region = f" {result.region}" if result.target in self._several else ""
        spent = f" ({wording.seconds(result.seconds)})"
        text = f"--- {result.target}{region} {result.status}{reason}{spent}"
        text = wording.wrapped(text, self._width, "", "    ")
        if self._spread.at_once > 1 and "\n" not in text:
            text = f"{text} ".ljust(self._width, "-").rstrip()
        text = self._painted(COLOURS[result.status], text)
        if result.remedy:
            text += "\n" + wording.wrapped(f"What to do: {result.remedy}", self._width, "    ")
        self.say(text)

    def interrupted(self, interruption: Interruption) -> None:
        text = wording.wrapped(interruption.words, self._width, "", "    ")
        self.say(self._painted("1;33", text))

    def finished(self, outcome: Outcome, report: str) -> None:
        Closing(self._lines, self._width).tell(outcome, report)

    def _painted(self, code: str, text: str) -> str:
        return self._lines.painted(code, text)

    def say(self, text: str) -> None:
        """Writes lines of rolecall's own, never into the middle of another."""
        self._lines.say(text)
