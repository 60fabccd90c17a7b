"""Keeps what each target prints, beside what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence

from rolecall.commands.run import Listener
from rolecall.report.interruption import Interruption
from rolecall.report.outputs import Key, Output, Outputs
from rolecall.report.view import View
from rolecall.results import CommandResult, Outcome, Result
from rolecall.settings import Settings
from rolecall.targets import Target


class Logged:
    """A view that also keeps what commands print, and tells another one everything."""

    def __init__(self, told: View, outputs: Outputs) -> None:
        self._told, self._outputs = told, outputs
        self._open: dict[Key, Output] = {}

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        self._outputs.name((target.name, region) for target in targets for region in target.regions)
        self._told.planned(settings, targets, count)

    def skipped(self, results: Sequence[Result], left: int) -> None:
        self._told.skipped(results, left)

    def preflight_started(self, count: int) -> None:
        self._told.preflight_started(count)

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None:
        self._told.preflight_goes_on(done, count, seconds)

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        self._told.preflight_ended(failures, count, seconds)

    def once_started(self, name: str) -> Listener:
        return self._kept((name, ""), self._told.once_started(name))

    def wave_started(self, number: int, count: int, targets: int) -> None:
        self._told.wave_started(number, count, targets)

    def target_started(self, target: Target, region: str) -> Listener:
        return self._kept((target.name, region), self._told.target_started(target, region))

    def _kept(self, key: Key, listener: Listener) -> Listener:
        output = self._outputs.open(*key)
        if output is None:
            return listener
        self._open[key] = output
        return _Tee(listener, output)

    def target_ended(self, result: Result) -> None:
        if output := self._open.pop((result.target, result.region), None):
            output.close()
        self._told.target_ended(result)

    def interrupted(self, interruption: Interruption) -> None:
        self._told.interrupted(interruption)

    def finished(self, outcome: Outcome, report: str) -> None:
        for output in self._open.values():
            output.close()
        self._told.finished(outcome, report)


class _Tee:
    """Passes on to a listener, and writes output to a file."""

    def __init__(self, told: Listener, output: Output) -> None:
        self._told, self._output = told, output

    def command_started(self, number: int, count: int, command: str) -> None:
        self._told.command_started(number, count, command)

    def output(self, data: bytes) -> None:
        self._output.write(data)
        self._told.output(data)

    def still_running(self, elapsed: float) -> None:
        self._told.still_running(elapsed)

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        self._told.command_ended(number, count, result)
