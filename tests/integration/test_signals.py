"""SIGINT and SIGTERM: passed on, reported, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import pytest

from support import answers, logs_page
from support.command import wait_for


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
)
def test_a_signal_reaches_the_command_and_ends_the_run(rolecall, sts, number, code, tmp_path):
    name = signal.Signals(number).name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 0' {name}; echo ready; while :; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script)
    wait_for(process, "\nready")
    assert any((tmp_path / "tmp").rglob("session.json"))
    process.send_signal(number)
    done = rolecall.finish(process)
    assert done.code == code, done.out
    assert f"got {name}" in done.out
    assert done.statuses == ["failed", "not run", "not run"]
    assert done.report["signal"] == number
    assert done.report["results"][1]["reason"] == "interrupted"
    folder = tmp_path / "rolecall-report"
    assert f'name="signal" value="{int(number)}"' in (folder / "junit.xml").read_text()
    assert f"ROLECALL_EXIT_CODE={code}\n" in (folder / "exports.sh").read_text()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not [secret for secret in sts.secrets if secret in done.everything]


def test_a_command_that_will_not_end_is_killed_after_grace(rolecall):
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_GRACE="1s")
    wait_for(process, "\nready")
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert rolecall.finish(process).code == 143
    assert 0.9 < time.monotonic() - begun < 8


def test_a_second_signal_kills_at_once(rolecall):
    script = "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_GRACE="1m")
    wait_for(process, "\nready")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert rolecall.finish(process).code == 130
    assert time.monotonic() - begun < 8


def test_what_a_signal_does_is_said_while_the_commands_still_run_and_a_second_one_too(rolecall):
    script = "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_GRACE="1m")
    wait_for(process, "\nready")
    process.send_signal(signal.SIGINT)
    said = "interrupted by SIGINT: ending 1 target, up to 1 m 00 s (GRACE); once more kills"
    wait_for(process, said)
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert "interrupted by SIGINT again: killing 1 target\n" in done.out
    assert done.code == 130


def test_the_log_for_machines_has_both_signals(rolecall):
    script = "trap '' INT TERM; echo ready; while :; do sleep 0.1; done"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_LOG_FORMAT="json")
    wait_for(process, '"line": "ready"')
    process.send_signal(signal.SIGTERM)
    wait_for(process, '"killing": false')
    process.send_signal(signal.SIGTERM)
    events = [json.loads(line) for line in rolecall.finish(process).out.splitlines()]
    told = [event for event in events if event["event"] == "interrupted"]
    assert [(event["signal"], event["running"]) for event in told] == [("SIGTERM", 1)]
    assert [mistake for event in told for mistake in logs_page.mistakes(event)] == []


@pytest.mark.parametrize(
    ("name", "place"), [("BEFORE", "before the first"), ("AFTER", "after the last")]
)
def test_the_commands_that_run_once_are_named_when_they_are_ended(rolecall, name, place):
    once = {f"ROLECALL_{name}": "echo ready; sleep 30"}
    process = rolecall.start("run", ROLECALL_COMMANDS="true", **once)
    wait_for(process, "\nready")
    process.send_signal(signal.SIGTERM)
    said = " ".join(rolecall.finish(process).out.split())
    assert f"interrupted by SIGTERM: ending the commands {place} target, up to 10 s" in said


def test_what_was_left_in_the_background_has_no_more_than_grace_either(rolecall):
    script = "(trap '' TERM; echo ready; while touch alive; do sleep 0.1; done) & wait"
    process = rolecall.start("run", ROLECALL_COMMANDS=script, ROLECALL_GRACE="2s")
    wait_for(process, "\nready")
    begun = time.time()
    process.send_signal(signal.SIGTERM)
    assert rolecall.finish(process).code == 143
    assert 1.5 < (rolecall.folder / "alive").stat().st_mtime - begun < 3.5


def test_exec_says_on_stderr_what_a_signal_does(rolecall):
    process = rolecall.start("exec", "dev", "--", "echo ready; sleep 30")
    wait_for(process, "ready")
    process.send_signal(signal.SIGINT)
    done = rolecall.finish(process)
    assert "rolecall: interrupted by SIGINT: ending 1 target, up to 10 s" in done.err
    assert done.code == 130


def test_a_signal_to_the_whole_group_as_of_a_terminal_ends_the_run_once(rolecall):
    process = rolecall.start("run", ROLECALL_COMMANDS="echo ready; sleep 30")
    wait_for(process, "\nready")
    os.killpg(process.pid, signal.SIGINT)
    assert rolecall.finish(process).code == 130


def test_after_is_not_run_when_interrupted(rolecall):
    process = rolecall.start(
        "run", ROLECALL_COMMANDS="echo ready; sleep 30", ROLECALL_AFTER="echo cleanup"
    )
    wait_for(process, "\nready")
    process.send_signal(signal.SIGTERM)
    assert not re.search(r"^cleanup", rolecall.finish(process).out, re.MULTILINE)


def test_a_signal_while_sts_is_asked_again_ends_the_preflight(rolecall, sts):
    sts.always("deploy", answers.THROTTLE)
    process = rolecall.start(
        "run", ROLECALL_COMMANDS="true", ROLECALL_RETRY_ATTEMPTS="100", ROLECALL_RETRY_MAX_WAIT="1h"
    )
    wait_for(process, "warning: retry")
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert done.code == 143
    assert done.statuses == ["not run"] * 3


def test_assume_and_plan_end_with_the_signal_s_code(rolecall, sts):
    sts.always("deploy", answers.THROTTLE)
    slow = {"ROLECALL_RETRY_ATTEMPTS": "100", "ROLECALL_RETRY_MAX_WAIT": "1h"}
    process = rolecall.start("assume", **slow)
    while "retry" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    done = rolecall.finish(process)
    assert done.code == 143
    assert "interrupted by SIGTERM" in done.err
