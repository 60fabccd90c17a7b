"""Two runs compared: each target under the first thing that is true of it."""

from __future__ import annotations

import re
from dataclasses import replace

from rolecall.report import comparison
from rolecall.results import CommandResult, Given, Outcome, Plan, Result, Status
from rolecall.secret import Mask, Secret

BROKEN = CommandResult(command="x", status=Status.FAILED, reason="exit code 7")


def run(**results):
    return Outcome(results=tuple(replace(r, target=n) for n, r in results.items()), seconds=9)


def result(status=Status.SUCCEEDED, seconds=1.0, **more):
    known = {"account_id": "1", "role_arn": "arn", "region": "eu-west-1", "target": ""}
    return Result(**{**known, "status": status, "seconds": seconds, **more})


FINE = result()
FAILED = result(Status.FAILED, commands=(BROKEN,))
DENIED = result(Status.NOT_ASSUMED, reason="AccessDenied")
LEFT = result(Status.NOT_RUN, reason="an earlier target failed")


def told(before, now):
    """The sections of the text, each with its lines."""
    text = comparison.text(comparison.compare(before, now), Mask())
    found = {}
    for section in text.split("\n\n")[1:]:
        title, *lines = section.rstrip("\n").split("\n")
        found[title] = lines
    return found


def test_each_change_is_told_once_in_order_of_its_weight():
    before = run(a=FINE, b=FAILED, c=FAILED, d=FINE, e=LEFT, g=FINE, h=FAILED, i=FINE)
    now = run(a=FAILED, b=DENIED, c=FINE, d=LEFT, e=FINE, f=FINE, h=LEFT, i=FINE, j=FAILED)
    assert told(before, now) == {
        "Newly failed (2):": [
            "  a  failed: exit code 7 (was succeeded)",
            "  j  failed: exit code 7",
        ],
        "Still failing (1):": ["  b  not assumed: AccessDenied (was failed)"],
        "No longer reached (2):": [
            "  d  not run: an earlier target failed (was succeeded)",
            "  h  not run: an earlier target failed (was failed)",
        ],
        "Mended (1):": ["  c  succeeded (was failed)"],
        "Reached now (1):": ["  e  succeeded (was not run)"],
        "Added (1):": ["  f  succeeded"],
        "Gone (1):": ["  g  was succeeded"],
    }


def test_times_are_told_where_they_differ_by_more_than_chance():
    before = run(a=result(seconds=10), b=result(seconds=10), c=result(seconds=0.1))
    now = run(a=result(seconds=13), b=result(seconds=11), c=result(seconds=0.9))
    assert told(before, now) == {"Slower (1):": ["  a  10 s -> 13 s"]}
    assert told(now, before) == {"Faster (1):": ["  a  13 s -> 10 s"]}


def test_the_largest_differences_come_first_and_the_rest_is_counted():
    before = run(**{f"t{n}": result(seconds=1) for n in range(30)})
    now = run(**{f"t{n}": result(seconds=10 + n) for n in range(30)})
    lines = told(before, now)["Slower (30, the first 10):"]
    assert lines[0] == "  t29  1.0 s -> 39 s"
    assert len(lines) == 10


def test_runs_alike_are_told_so():
    text = comparison.text(comparison.compare(run(a=FAILED), run(a=FAILED)), Mask())
    assert "Still failing (1)" in text
    text = comparison.text(comparison.compare(run(a=FINE), run(a=FINE)), Mask())
    assert text == (
        "before: 1 succeeded, in 9.0 s (1970-01-01 00:00 UTC)\n"
        "now: 1 succeeded, in 9.0 s (1970-01-01 00:00 UTC)\n"
        "nothing differs\n"
    )
    named = comparison.compare(run(a=FINE), run(a=FINE), ("artifacts/12", "artifacts/13"))
    assert comparison.text(named, Mask()).startswith("before (artifacts/12): 1 succeeded, in 9.0 s")
    assert "\nnow (artifacts/13): 1 succeeded" in comparison.text(named, Mask())


def test_regions_of_a_target_are_compared_each_with_its_own():
    other = replace(FINE, target="a", region="us-east-1")
    before = Outcome(results=(replace(FINE, target="a"), other))
    now = Outcome(
        results=(replace(FINE, target="a"), replace(FAILED, target="a", region="us-east-1"))
    )
    assert told(before, now) == {
        "Newly failed (1):": ["  a/us-east-1  failed: exit code 7 (was succeeded)"]
    }


def test_what_a_run_was_told_to_leave_out_is_not_gone():
    only = Given(name="only", value="a", origin="--only")
    whole, part = run(a=FAILED, b=FINE), replace(run(a=FINE), plan=Plan(options=(only,)))
    assert told(whole, part)["Left out now (1):"] == ["  b  was succeeded"]
    assert told(part, whole)["Left out before (1):"] == ["  b  succeeded"]
    assert told(whole, run(a=FINE))["Gone (1):"] == ["  b  was succeeded"]


def test_the_commands_before_and_after_are_compared_too():
    once = replace(FINE, target="before", account_id="", role_arn="", region="")
    before = Outcome(results=(), before=once)
    now = Outcome(results=(), before=replace(once, status=Status.FAILED, reason="disk full"))
    assert "  before  failed: disk full (was succeeded)" in told(before, now)["Newly failed (1):"]


def test_markdown_holds_names_and_reasons_in_code_spans_masked():
    bad = result(Status.FAILED, reason="a ` b @everyone hunter2")
    compared = comparison.compare(run(a=FINE), run(a=bad))
    text = comparison.markdown(compared, Mask([Secret("hunter2")]))
    assert (
        "### Newly failed (1)\n\n- `a`: `` failed: a ` b @everyone *** (was succeeded) ``" in text
    )
    assert re.match(r"## rolecall: two runs compared\n\n- before: 1 succeeded", text)
