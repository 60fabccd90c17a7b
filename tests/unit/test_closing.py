"""The log at 80 columns: each kind of line, and the last words when hundreds have failed."""

from __future__ import annotations

import io
import os
import threading

import pytest

from rolecall import wording
from rolecall.commands import run as running
from rolecall.report.console import Console
from rolecall.report.lines import CommandLines, Lines
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask
from rolecall.sessions.alarms import Alarms
from rolecall.settings import Settings
from rolecall.settings.amounts import Amount
from rolecall.settings.documents import Commands
from rolecall.stop import Stop
from unit.test_live import target

LONG = "a-name-of-sixty-four-characters-which-is-as-long-as-a-name-may-b"


def failure(number, lines=20):
    tail = tuple(f"line {n}" for n in range(lines))
    command = CommandResult(
        command="make", status=Status.FAILED, exit_code=2, reason="exit code 2", tail=tail
    )
    return Result(
        target=f"t{number}",
        account_id="222222222222",
        role_arn="",
        region="eu-west-1",
        status=Status.FAILED,
        started_at=1.0,
        commands=(command,),
        log=f"logs/t{number}-eu-west-1.log",
    )


def closing(*results, **more):
    stream = io.BytesIO()
    outcome = Outcome(results=results, **more)
    Console(stream, mask=Mask(), colour=False).finished(outcome, "folder/report.json")
    return stream.getvalue().decode().splitlines()


def test_of_hundreds_that_failed_fifty_are_told_with_the_end_of_their_last_lines():
    lines = closing(*map(failure, range(300)))
    assert sum(line.endswith("): failed") for line in lines) == 50
    assert sum(line.startswith("  | ") for line in lines) == 200
    assert lines.count("  | line 19") == 50
    assert "… and 250 more failed; folder has the logs of all" in lines
    assert "  The whole log: folder/logs/t49-eu-west-1.log" in lines


def test_the_last_line_leads_to_the_page_for_people_not_to_the_file_for_programs():
    assert closing(failure(1))[-1] == "Report: folder/report.html"


def test_of_a_few_that_failed_all_lines_are_told():
    assert sum(line.startswith("  | ") for line in closing(*map(failure, range(20)))) == 400


@pytest.mark.parametrize("at_once", [1, 2])
def test_each_kind_of_line_fits_80_columns(at_once):
    stream = io.BytesIO()
    view = Console(stream, mask=Mask(), colour=False)
    targets = [target(LONG, wave=1), target("short", index=2, wave=2)]
    view.planned(Settings(max_parallel=Amount(at_once)), targets * 20, 3000)
    view.skipped([failure(n) for n in range(60)], 2940)
    view.preflight_started(3000)
    view.preflight_ended([], 3000, 99.0)
    view.once_started("before")
    view.wave_started(1, 2, 20)
    why = "ended, since more than 1,000 targets failed in a wave (MAX_FAILURES)"
    for each in targets:
        commands = view.target_started(each, "ap-southeast-2")
        commands.still_running(3700)
        long = CommandResult(command="x", status=Status.NOT_RUN, reason=why)
        commands.command_ended(1, 2, long)
        denied = Result(
            target=each.name,
            account_id="2" * 12,
            role_arn="",
            region="",
            status=Status.NOT_ASSUMED,
            reason=f"AccessDenied: {why} {why}",
            remedy=f"allow it {why}",
        )
        view.target_ended(denied)
    counts = {"signal_number": 15, "missing": 1000, "before": failure(1), "seconds": 7000.0}
    many = [failure(n) for n in range(1, 1200)] + [denied] * 1200
    view.finished(Outcome(results=tuple(many), **counts), "report.json")
    lines = stream.getvalue().decode().splitlines()
    prefixed = [line for line in lines if line.startswith(f"{LONG} | ")]
    for line in set(lines) - set(prefixed):
        assert wording.columns(line) <= 80, line
    # Of a name that long no more than 40 columns stand behind it.
    assert max(map(len, prefixed), default=0) <= len(LONG) + 43


def test_where_targets_run_at_once_each_one_s_beginning_and_end_are_a_line_from_edge_to_edge():
    stream = io.BytesIO()
    view = Console(stream, mask=Mask(), colour=False)
    targets = [target("a"), target("b", index=2)]
    view.planned(Settings(max_parallel=Amount(2)), targets, 2)
    stream.truncate(0), stream.seek(0)
    view.target_started(targets[0], "eu-west-1")
    view.target_ended(failure(1))
    apart, begun, ended = stream.getvalue().decode().splitlines()
    assert apart == ""
    assert begun == f"{'=== [1/2] a  222222222222  eu-west-1 ':=<80}"
    assert ended == f"{'--- t1 failed (0.0 s) ':-<80}"


def test_commands_that_are_silent_say_so_each_for_itself_also_side_by_side(monkeypatch, tmp_path):
    monkeypatch.setattr(running, "_HEARTBEAT", 1.0)
    stream = io.BytesIO()
    lines = Lines(stream, mask=Mask(), colour=False)

    def run(name):
        (tmp_path / name).mkdir()
        plan = running.Plan(
            commands=Commands(("until test -e go; do sleep .1; done",)),
            shell=["bash"],
            folder=tmp_path,
            timeout=60,
            command_timeout=0,
            grace=1,
        )
        with Stop() as stop:
            running.run(
                plan,
                scratch=tmp_path / name,
                environ=dict(os.environ),
                mask=Mask(),
                listener=Heard(name),
                stop=stop,
                alarms=Alarms(),
            )

    heard = {"a": threading.Event(), "b": threading.Event()}

    class Heard(CommandLines):
        def __init__(self, name) -> None:
            super().__init__(lines, f"{name} | ")
            self.name = name

        def still_running(self, elapsed):
            super().still_running(elapsed)
            heard[self.name].set()

    threads = [threading.Thread(target=run, args=(name,)) for name in heard]
    for thread in threads:
        thread.start()
    try:
        assert all(event.wait(30) for event in heard.values())
    finally:
        (tmp_path / "go").touch()
        for thread in threads:
            thread.join()
    said = stream.getvalue().decode()
    assert "a | (still running, " in said
    assert "b | (still running, " in said
