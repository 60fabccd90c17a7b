"""The views: colours, long lists, and what each says of a failure."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields, replace

import pytest

from rolecall import logs
from rolecall.report import accounts, console, page, summary, table
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
from rolecall.targets.organization.model import Account, Decision, Found


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
    assert label("{\n  make\n} > log") == "make (+2 lines)"
    assert label("{\n}") == "{ (+1 line)"
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
    assert "interrupted by SIGTERM; exit code 143" in printed(
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


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("left out: the unit Workloads", ["left out:", "the unit", "Workloads"]),
        ("platform/production-deploy", ["platform/", "production-", "deploy"]),
        ("x" * 14, ["x" * 12, "xx"]),
        ("fits  as it is", ["fits  as it", "is"]),
    ],
)
def test_a_cell_is_broken_between_words_or_after_separators_and_else_where_it_must(cell, lines):
    text = table.fitted(["a", "role"], [("1" * 20, cell)], 30, flexible="role")
    assert [line[23:] for line in text.splitlines()[1:]] == lines


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
        "    What to do: mend",
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


THREE = "3 targets (5 deployments in 2 regions) in 2 waves of 1, 2"
IN_TURN = f"{THREE}, in sequence; on failure: stop"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, IN_TURN),
        (
            {"max_parallel": Amount(8), "max_failures": Amount(1)},
            f"{THREE}, up to 2 at once; on failure: stop once more than 1",
        ),
        (
            {"max_failures": Amount(10, percent=True), "failures_per": "wave"},
            f"{IN_TURN} once more than 10% of a wave failed (0 in each)",
        ),
        (
            {"max_failures": Amount(50, percent=True), "failures_per": "wave"},
            f"{IN_TURN} once more than 50% of a wave failed (0, 1)",
        ),
        (
            {"max_failures": Amount(10, percent=True)},
            f"{IN_TURN} once more than 0 failed (10% of 3)",
        ),
        (
            {"max_failures": Amount(50, percent=True), "region_concurrency": "parallel"},
            f"{IN_TURN} once more than 2 failed (50% of 5)",
        ),
        (
            {"shard": Shard(1, 2)},
            "3 targets of 9 (shard 1/2; 5 deployments in 2 regions) in 2 waves of 1, 2,",
        ),
        (
            {"max_parallel": Amount(9), "region_concurrency": "parallel"},
            f"{THREE}, up to 4 deployments at once; on failure: stop",
        ),
    ],
)
def test_the_plan_tells_how_a_run_is_spread(given, words):
    targets = [target("a"), *(target(n, wave=2, regions=("eu-west-1", "eu-west-2")) for n in "bc")]
    count = 9 if "shard" in given else 3
    assert spread(replace(Settings(), **given), targets, count).words.startswith(words)


def told():
    stream = io.BytesIO()
    return stream, Console(stream, mask=Mask(), colour=False)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_result_names_its_region_where_the_target_has_several(at_once):
    stream, view = told()
    targets = [target("a"), target("b", 2, regions=("eu-west-1", "eu-west-2"))]
    view.planned(replace(Settings(), max_parallel=Amount(at_once)), targets, 2)
    for name, region in (("a", "eu-west-1"), ("b", "eu-west-2")):
        view.target_ended(result(target=name, region=region))
    assert re.findall(r"^--- .*?\)", stream.getvalue().decode(), re.MULTILINE) == [
        "--- a succeeded (0.0 s)",
        "--- b eu-west-2 succeeded (0.0 s)",
    ]


def in_regions(count):
    """Results of targets in two regions each; the first one failed in both."""
    return tuple(
        result(Status.SUCCEEDED if n else Status.FAILED, target=f"t{n}", region=region)
        for n in range(count)
        for region in ("eu-west-1", "eu-west-2")
    )


def test_what_is_counted_by_region_is_called_a_deployment_in_every_report():
    outcome = Outcome(results=in_regions(3))
    assert "\n6 deployments: 4 succeeded, 2 failed in 0.0 s; exit code 1\n" in printed(outcome)
    assert "\n3 targets (6 deployments) in 0.0 s, exit code 1" in summary.rendered(outcome, Mask())
    html = b"".join(page.rendered(outcome, Mask())).decode()
    assert "<title>2 of 6 deployments failed" in html
    assert "2 deployments</span>" in html
    alone = Outcome(results=outcome.results[2::2])
    assert "\n2 succeeded in 0.0 s" in printed(alone)
    assert "\n2 targets in 0.0 s" in summary.rendered(alone, Mask())
    assert "<title>All 2 targets succeeded" in b"".join(page.rendered(alone, Mask())).decode()


def test_roles_are_counted_by_target_however_many_regions_each_has():
    stream, view = told()
    denied = [replace(each, status=Status.NOT_ASSUMED) for each in in_regions(1)]
    view.preflight_ended(denied, 3, 0.1)
    assert "Preflight: 1 of 3 roles could not be assumed" in stream.getvalue().decode()
    outcome = Outcome(results=(*denied, *in_regions(3)[2:]), preflight_failed=True)
    assert page.headline(outcome) == "1 of 3 roles could not be assumed; nothing was deployed"


@pytest.mark.parametrize(
    ("given", "said"), [("parallel", "4 deployments"), ("sequential", "4 targets")]
)
def test_a_wave_counts_deployments_where_each_is_on_its_own(given, said):
    stream, view = told()
    targets = [target("a"), target("b", 2, wave=2, regions=("eu-west-1", "eu-west-2"))]
    view.planned(replace(Settings(), region_concurrency=given), targets, 2)
    view.wave_started(2, 2, 4)
    assert f"Wave 2 of 2: {said}\n" in stream.getvalue().decode()


def test_the_plan_lists_targets_in_the_order_of_their_waves():
    stream, view = told()
    targets = [target("c", 1, wave=2), target("a", 2), target("d", 3, wave=2), target("b", 4)]
    view.planned(Settings(), targets, 4)
    rows = re.findall(r"^\d +\d +(\w)", stream.getvalue().decode(), re.MULTILINE)
    assert rows == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("path", "heads"), [("", []), ("Dev/Web", ["unit"])])
def test_the_accounts_of_a_whole_organisation_are_listed_without_units(path, heads):
    account = Account(
        account_id="222222222222",
        name="web",
        partition="aws",
        state="ACTIVE",
        joined=0,
        management=False,
    )
    found = Found(decisions=(Decision(account=account, path=path, name="web"),))
    head, row = accounts.listed(found, 80).splitlines()
    assert head.split() == ["account", "name", *heads, "taken", "as"]
    assert row.split() == ["222222222222", "web", *filter(None, [path]), "web"]


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
