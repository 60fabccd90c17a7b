"""The view of one ad-hoc command: its output and nothing else on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rolecall import explanations
from rolecall.report.interruption import Interruption, tell_interrupted
from rolecall.report.view import ByteSink
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.settings import Settings
from rolecall.targets import Target
from rolecall.wording import harmless, seconds, wrapped


class Quiet:
    """Passes output through; says on `errors` only what went wrong.

    Args:
        seen: whether the command has a terminal, where a person sees that it goes on.
    """

    verbatim = True

    def __init__(self, output: ByteSink, errors: TextIO, *, seen: bool = False) -> None:
        self._output, self._errors, self._seen = output, errors, seen

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None: ...

    def skipped(self, results: Sequence[Result], left: int) -> None: ...

    def preflight_started(self, count: int) -> None: ...

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None: ...

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        for failure in failures:
            self.target_ended(failure)

    def once_started(self, name: str) -> Quiet:
        return self

    def wave_started(self, number: int, count: int, targets: int) -> None: ...

    def target_started(self, target: Target, region: str) -> Quiet:
        return self

    def command_started(self, number: int, count: int, command: str) -> None: ...

    def output(self, data: bytes) -> None:
        self._output.write(data)
        self._output.flush()

    def still_running(self, elapsed: float) -> None:
        if not self._seen:
            print(f"rolecall: still running, {seconds(elapsed)}", file=self._errors)

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        if result.status is Status.FAILED:
            print(f"rolecall: {harmless(result.reason)}", file=self._errors)

    def target_ended(self, result: Result) -> None:
        if result.status is Status.SUCCEEDED or result.commands:
            return
        said = f"rolecall: {result.target}: {result.status}: {result.reason}"
        print(wrapped(harmless(said), 80, "", "  "), file=self._errors)
        if result.remedy:
            text = f"What to do: {result.remedy}"
            print(wrapped(text, 80, "  "), file=self._errors)
        for hint in explanations.hints([result.reason]):
            print(hint, file=self._errors)

    def interrupted(self, interruption: Interruption) -> None:
        tell_interrupted(interruption, self._errors)

    def finished(self, outcome: Outcome, report: str) -> None: ...


class Apart(Quiet):
    """The same, with stderr of the command on a stream of its own. See commands.run.Apart."""

    def __init__(
        self, output: ByteSink, errors: TextIO, beside: ByteSink, *, seen: bool = False
    ) -> None:
        super().__init__(output, errors, seen=seen)
        self._beside = beside

    def errors(self, data: bytes) -> None:
        self._beside.write(data)
        self._beside.flush()
