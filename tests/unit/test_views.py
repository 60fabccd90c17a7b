"""The views: colours, long lists, and what each says of a failure."""

from __future__ import annotations

import io
import json
from dataclasses import fields, replace

import pytest

from rolecall import logs
from rolecall.report import console
from rolecall.report.console import Console
from rolecall.report.events import Events
from rolecall.report.lines import CommandLines, Lines, label
from rolecall.report.quiet import Quiet
from rolecall.report.spread import spread
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.settings.amounts import Amount, Shard
from rolecall.targets import SessionOptions, Target, arns


def result(status=Status.SUCCEEDED, **more):
    known = {"target": "dev", "account_id": "222222222222", "role_arn": "", "region": "eu-west-1"}
    return Result(**{**known, "status": status, **more})


def printed(outcome, *, colour=False, width=80):
    stream = io.BytesIO()
    Console(stream, mask=Mask(), colour=colour, width=width).finished(outcome, "")
    return stream.getvalue().decode()


def test_a_command_is_labelled_by_its_first_line_that_says_something():
    assert label("\n# build\n  make\nmake install") == "make (+1 line)"
    assert label("# only a comment") == "# only a comment"
    assert label("") == ""
    assert label("x" * 200) == "x" * 200


def test_colours_are_used_where_asked_for():
    assert "\033[1;32m" in printed(Outcome(results=(result(),)), colour=True)
    assert "\033" not in printed(Outcome(results=(result(),)))


def test_a_reason_that_keeps_many_out_is_told_once():
    kept_out = tuple(
        result(Status.NOT_ASSUMED, target=f"t{n}", reason="no", remedy="mend") for n in range(9)
    )
    text = printed(Outcome(results=kept_out))
    assert "t0, t1, t2, t3, t4 and 4 more: not assumed\n  no\n  What to do: mend\n" in text


def test_an_interruption_is_told():
    assert "interrupted by signal 15; exit code 143" in printed(
        Outcome(results=(result(),), signal_number=15)
    )


def test_a_failure_without_output_is_told_in_one_line():
    command = CommandResult(command="make", status=Status.FAILED, reason="exit code 2")
    failed = result(Status.FAILED, commands=(command,))
    assert "dev (222222222222 eu-west-1): failed\n  $ make\n  exit code 2\n" in printed(
        Outcome(results=(failed,))
    )
    broken = result(Status.FAILED, reason="disk full", account_id="", region="")
    assert "dev: failed\n  disk full\n" in printed(Outcome(results=(broken,)))


def test_long_names_wrap_and_ids_stay_whole():
    text = printed(Outcome(results=(result(target="n" * 64),)))
    assert max(map(len, text.splitlines())) <= 80
    assert "222222222222" in text


def test_rolecall_s_lines_never_run_into_a_command_s():
    stream = io.BytesIO()
    view = Console(stream, mask=Mask(), colour=False)
    commands = view.once_started("before")
    stream.truncate(0), stream.seek(0)
    commands.output(b"partial")
    commands.still_running(61)
    view.target_ended(result(Status.NOT_ASSUMED, reason="no", remedy="mend"))
    assert stream.getvalue().decode().splitlines() == [
        "partial",
        "(still running, 1 m 01 s, no output for a minute)",
        "--- dev not assumed: no (0.0 s)",
        "    mend",
    ]
    assert console.MOST_LISTED == 50


def test_quiet_says_what_went_wrong_and_nothing_else():
    out, err = io.BytesIO(), io.StringIO()
    view = Quiet(out, err)
    view.once_started("x")
    view.output(b"data")
    view.still_running(60)
    view.target_ended(result())
    view.target_ended(result(Status.FAILED, reason="disk full"))
    view.finished(Outcome(results=()), "")
    assert out.getvalue() == b"data"
    assert err.getvalue() == "rolecall: still running, 1 m 00 s\nrolecall: dev: failed: disk full\n"


def test_events_tell_that_a_command_still_runs():
    stream = io.StringIO()
    logs.configure(stream=stream, json=True, level="error", mask=Mask())
    view = Events(logs.events(stream)).once_started("before")
    stream.truncate(0), stream.seek(0)
    view.still_running(60)
    view.output(b"a\r\npart")
    view.command_ended(1, 1, CommandResult(command="x", status=Status.SUCCEEDED))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [e["event"] for e in events] == ["still_running", "output", "output", "command_ended"]
    assert [e.get("line") for e in events[1:3]] == ["a", "part"]


def target(name, index=1, wave=1, regions=("eu-west-1",)):
    options = SessionOptions(**{field.name: () for field in fields(SessionOptions)})
    role = arns.parse("arn:aws:iam::222222222222:role/deploy")
    return Target(
        index=index, name=name, role=role, regions=regions, variables=(), session=options, wave=wave
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "3 targets in 2 waves of 1, 2, in sequence; on failure: stop"),
        (
            {"max_parallel": Amount(8), "max_failures": Amount(1)},
            "3 targets in 2 waves of 1, 2, up to 2 at once; on failure: stop once more than 1",
        ),
        (
            {"max_failures": Amount(10, percent=True), "failures_per": "wave"},
            "3 targets in 2 waves of 1, 2, in sequence; on failure: stop once more than 10% of",
        ),
        ({"shard": Shard(1, 2)}, "3 targets of 9 (shard 1/2) in 2 waves of 1, 2, in sequence;"),
        (
            {"max_parallel": Amount(9), "region_concurrency": "parallel"},
            "3 targets in 2 waves of 1, 2, up to 4 at once; on failure: stop",
        ),
    ],
)
def test_the_plan_tells_how_a_run_is_spread(given, words):
    targets = [target("a"), *(target(n, wave=2, regions=("eu-west-1", "eu-west-2")) for n in "bc")]
    count = 9 if "shard" in given else 3
    assert spread(replace(Settings(), **given), targets, count).words.startswith(words)


def side_by_side():
    stream = io.BytesIO()
    lines = CommandLines(Lines(stream, mask=Mask(), colour=False), "dev | ")
    return stream, lines


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([b"one\ntwo\n"], "dev | one\ndev | two\n"),
        ([b"o", b"ne\nt", b"wo\n"], "dev | one\ndev | two\n"),
        ([b"\n\n"], "dev | \ndev | \n"),
        ([b"10%\r20%\r", b"99%\r100%\n"], "dev | 100%\n"),
        ([b"a\r\nb\r\n"], "dev | a\ndev | b\n"),
        ([b"unended"], ""),
        ([b"x" * 70_000], f"dev | {'x' * 70_000}\n"),
    ],
)
def test_lines_of_targets_side_by_side_are_whole_and_named(pieces, shown):
    stream, lines = side_by_side()
    for piece in pieces:
        lines.output(piece)
    assert stream.getvalue().decode() == shown


def test_progress_that_never_ends_a_line_is_shown_once_a_minute(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("rolecall.report.lines.time.monotonic", lambda: clock[0])
    stream, lines = side_by_side()
    for second in range(0, 130, 10):
        clock[0] = second
        lines.output(b"%d%%\r" % second)
    assert stream.getvalue().decode() == "dev | 70%\n"
