"""The log for machines: every line of stdout is one JSON event, command output included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolecall.errors import signal_name
from rolecall.report.interruption import Interruption
from rolecall.report.record import command_record, result_record
from rolecall.report.spread import spread
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.settings import Settings
from rolecall.targets import Target


class Events:
    """A view that logs each thing that happens under a stable event name.

    Args:
        log: see logs.events: LOG_LEVEL quiets log lines, not the events of the run itself.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._count = 0

    def planned(self, settings: Settings, targets: Sequence[Target], count: int) -> None:
        how = spread(settings, targets, count)
        self._count = count
        self._event(
            "run_planned",
            targets=len(targets),
            targets_in_all=count,
            waves=len(how.waves),
            at_once=how.at_once,
            on_failure=settings.on_failure,
            workspace=how.workspace,
            plan=settings.plan,
        )
        for target in targets:
            self._event(
                "target_planned",
                index=target.index,
                target=target.name,
                account_id=target.account_id,
                role_arn=target.role.text,
                regions=list(target.regions),
                wave=target.wave,
            )

    def skipped(self, results: Sequence[Result], left: int) -> None:
        self._event("targets_skipped", skipped=len(results), left=left)
        for result in results:
            self._event("target_skipped", **_without_commands(result))

    def preflight_started(self, count: int) -> None:
        self._event("preflight_started", roles=count)

    def preflight_goes_on(self, done: int, count: int, seconds: float) -> None:
        self._event("preflight_goes_on", done=done, roles=count, seconds=round(seconds, 3))

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        self._event(
            "preflight_ended", roles=count, failures=len(failures), seconds=round(seconds, 3)
        )
        for failure in failures:
            self._event("role_not_assumed", **_without_commands(failure))

    def once_started(self, name: str) -> CommandEvents:
        log = self._log.bind(target=name)
        log.info("once_started")
        return CommandEvents(log)

    def wave_started(self, number: int, count: int, targets: int) -> None:
        self._event("wave_started", wave=number, waves=count, targets=targets)

    def target_started(self, target: Target, region: str) -> CommandEvents:
        log = self._log.bind(target=target.name, account_id=target.account_id, region=region)
        log.info("target_started", index=target.index, count=self._count, wave=target.wave)
        return CommandEvents(log)

    def target_ended(self, result: Result) -> None:
        self._event("target_ended", **_without_commands(result))

    def interrupted(self, interruption: Interruption) -> None:
        self._event(
            "interrupted",
            signal=signal_name(interruption.signal_number),
            running=interruption.running,
            grace_seconds=interruption.grace,
            killing=interruption.killing,
        )

    def finished(self, outcome: Outcome, report: str) -> None:
        for result in outcome.results:
            if result.status is Status.NOT_RUN:
                self._event("target_not_run", **_without_commands(result))
        self._event(
            "run_finished",
            exit_code=outcome.exit_code,
            seconds=round(outcome.seconds, 3),
            report=report,
            counts={
                str(s): outcome.count(s) for s in dict.fromkeys(r.status for r in outcome.results)
            },
        )

    def _event(self, event: str, **values: Any) -> None:
        self._log.info(event, **values)


class CommandEvents:
    """Logs what happens to one target's commands. See commands.run.Listener.

    Args:
        log: names the target in each event.
    """

    def __init__(self, log: Any) -> None:
        self._log = log

    def command_started(self, number: int, count: int, command: str) -> None:
        self._log.info("command_started", number=number, count=count, command=command)

    def output(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._log.info("output", line=line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._log.info("output", line=rest.decode(errors="replace"), partial=True)

    def still_running(self, elapsed: float) -> None:
        self._log.info("still_running", seconds=round(elapsed))

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        self._log.info("command_ended", number=number, count=count, **command_record(result))


def _without_commands(result: Result) -> dict[str, Any]:
    record = result_record(result)
    del record["commands"], record["log"], record["artifacts"]
    return record
