"""The view of one command in many targets."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest

from rolecall.report import grouped
from rolecall.report.grouped import Blocks, Grouped, JsonLines
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask, Secret

DEV = SimpleNamespace(name="dev", account_id="222222222222")


def result(status=Status.SUCCEEDED, **more):
    known = {"target": "dev", "account_id": "222222222222", "role_arn": "", "region": "eu-west-1"}
    return Result(**{**known, "status": status, **more})


def failed(**more):
    command = CommandResult(command="x", status=Status.FAILED, exit_code=3, reason="exit code 3")
    return result(Status.FAILED, commands=(command,), **more)


def view(form):
    output, errors = io.BytesIO(), io.StringIO()
    return Grouped(form, output, errors), output, errors


def test_a_block_is_written_when_its_target_is_done_and_not_before():
    shown, output, _ = view(Blocks(colour=False))
    first = shown.target_started(DEV, "eu-west-1")
    other = shown.target_started(DEV, "eu-west-2")
    other.output(b"b1\n")
    first.output(b"a1\n")
    other.output(b"b2\n")
    assert output.getvalue() == b""
    shown.target_ended(result(region="eu-west-2"))
    shown.target_ended(failed())
    assert output.getvalue().decode().splitlines() == [
        "=== dev  222222222222  eu-west-2",
        "b1",
        "b2",
        "=== dev  222222222222  eu-west-1  failed: exit code 3",
        "a1",
    ]


def test_a_block_has_its_colour_on_a_terminal():
    shown, output, _ = view(Blocks(colour=True))
    shown.target_ended(result(Status.NOT_ASSUMED, reason="denied"))
    line = b"\033[1;31m=== dev  222222222222  eu-west-1  not assumed\033[0m\n"
    assert output.getvalue() == line


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_output_of_any_size_is_whole(size):
    shown, output, _ = view(Blocks(colour=False))
    shown.target_started(DEV, "eu-west-1").output(b"x" * size + b"\n")
    shown.target_ended(result())
    assert output.getvalue().splitlines()[1] == b"x" * size


def test_a_json_line_has_the_end_of_the_output(monkeypatch):
    monkeypatch.setattr(grouped, "MOST_OUTPUT", 5)
    shown, output, _ = view(JsonLines(Mask([Secret("hunter2")])))
    shown.target_started(DEV, "eu-west-1").output(b"0123456\xff")
    shown.target_ended(failed(seconds=1.25, remedy="not hunter2"))
    assert json.loads(output.getvalue()) == {
        "target": "dev",
        "account_id": "222222222222",
        "region": "eu-west-1",
        "status": "failed",
        "exit_code": 3,
        "seconds": 1.25,
        "reason": "exit code 3",
        "remedy": "not ***",
        "output": "3456\ufffd",
        "truncated": True,
    }


def test_what_was_never_begun_is_a_json_line_and_no_block():
    outcome = Outcome(results=(result(Status.NOT_RUN, reason="interrupted"),))
    shown, output, _ = view(JsonLines(Mask()))
    shown.finished(outcome, "")
    found = json.loads(output.getvalue())
    assert (found["status"], found["reason"], found["exit_code"]) == (
        "not run",
        "interrupted",
        None,
    )
    shown, output, errors = view(Blocks(colour=False))
    shown.finished(outcome, "")
    assert output.getvalue() == b""
    assert "rolecall: 1 not run: interrupted\n" in errors.getvalue()


def test_the_summary_tells_each_reason_once():
    kept_out = [
        result(Status.NOT_ASSUMED, target=f"t{n}", reason="no", remedy="mend") for n in "12"
    ]
    many = [failed(target=f"f{n}") for n in range(12)]
    shown, _, errors = view(Blocks(colour=False))
    shown.finished(Outcome(results=(result(), *kept_out, *many), seconds=2), "")
    text = errors.getvalue()
    assert "rolecall: t1, t2: not assumed\n  no\n  What to do: mend\n" in text
    assert "f9 eu-west-1 and 2 more" in " ".join(text.split())
    assert text.endswith("rolecall: 1 succeeded, 12 failed, 2 not assumed in 2.0 s; exit code 1\n")


def test_a_target_that_is_long_silent_is_told():
    shown, _, errors = view(Blocks(colour=False))
    shown.target_started(DEV, "eu-west-1").still_running(60)
    shown.target_ended(result())
    assert errors.getvalue() == "rolecall: dev eu-west-1: still running, 1 m 00 s\n"
