"""The log for machines: every line of stdout is one JSON event, command output included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolecall.report.record import command_record, result_record
from rolecall.results import CommandResult, Outcome, Result
from rolecall.settings import Settings
from rolecall.targets import Target


class Events:
    """A view that logs each thing that happens under a stable event name.

    Args:
        log: see logs.events: LOG_LEVEL quiets log lines, not the events of the run itself.
    """

    def __init__(self, log: Any) -> None:
        self._log = log
        self._bound: dict[str, Any] = {}

    def planned(self, settings: Settings, targets: Sequence[Target]) -> None:
        self._event("run_planned", targets=len(targets), on_failure=settings.on_failure)
        for index, target in enumerate(targets, 1):
            self._event(
                "target_planned",
                index=index,
                target=target.name,
                account_id=target.account_id,
                role_arn=target.role.text,
                regions=list(target.regions),
            )

    def preflight_started(self, count: int) -> None:
        self._event("preflight_started", roles=count)

    def preflight_ended(self, failures: Sequence[Result], count: int, seconds: float) -> None:
        self._event(
            "preflight_ended", roles=count, failures=len(failures), seconds=round(seconds, 3)
        )
        for failure in failures:
            self._event("role_not_assumed", **result_record(failure))

    def once_started(self, name: str) -> None:
        self._bound = {"target": name}
        self._event("once_started")

    def target_started(self, target: Target, region: str, index: int, count: int) -> None:
        self._bound = {
            "target": target.name,
            "account_id": target.account_id,
            "region": region,
        }
        self._event("target_started", index=index, count=count)

    def command_started(self, number: int, count: int, command: str) -> None:
        self._event("command_started", number=number, count=count, command=command)

    def output(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._event("output", line=line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._event("output", line=rest.decode(errors="replace"), partial=True)

    def still_running(self, elapsed: float) -> None:
        self._event("still_running", seconds=round(elapsed))

    def command_ended(self, number: int, count: int, result: CommandResult) -> None:
        self._event("command_ended", number=number, count=count, **command_record(result))

    def target_ended(self, result: Result) -> None:
        self._bound = {}
        record = result_record(result)
        del record["commands"]
        self._event("target_ended", **record)

    def finished(self, outcome: Outcome, report: str) -> None:
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
        self._log.info(event, **{**self._bound, **values})
