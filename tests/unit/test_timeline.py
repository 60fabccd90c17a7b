"""The timeline: where on its scale what happened stands."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rolecall.report.timeline import Timeline
from rolecall.results import Outcome, Status
from support.outcomes import STARTED, Scale, outcome


def spans(line):
    return [
        (float(start), float(start) + float(length))
        for start, length in re.findall(r"M([\d.]+) 5h([\d.]+)", line.path)
    ]


def test_each_line_stands_where_it_happened():
    run = replace(outcome(Scale(targets=9)), seconds=100)
    lines = {line.kind: spans(line) for line in Timeline(run).lines(run.results[8])}
    assert lines["preflight"] == [(5, 40)]
    assert lines["wait"] == [(40, 240)]
    assert lines["prepare"] == [(240, 250)]
    assert [start for start, _ in lines["done"]] == [250, 310]


def test_targets_that_ran_at_once_overlap():
    run = outcome(Scale(targets=8))
    lines = [Timeline(run).lines(result) for result in run.results]
    assert all(each == lines[0] for each in lines)


def test_commands_of_a_report_without_their_times_follow_each_other():
    run = replace(outcome(Scale(targets=1)), seconds=100)
    result = run.results[0]
    bare = tuple(replace(command, started_at=None) for command in result.commands)
    done = Timeline(run).lines(replace(result, commands=bare))[-1]
    assert [start for start, _ in spans(done)] == [40, 100]


def test_a_clock_that_was_set_back_or_on_leaves_nothing_outside():
    run = outcome(Scale(targets=1))
    for started_at in (STARTED - 9_999, STARTED + 9_999):
        odd = replace(run.results[0], started_at=started_at)
        lines = Timeline(replace(run, results=(odd,))).lines(odd)
        assert all(0 <= a <= b <= 1000 for line in lines for a, b in spans(line))


def test_what_was_not_begun_has_no_line_of_its_own():
    run = outcome(Scale(targets=1, not_run=1))
    assert [line.kind for line in Timeline(run).lines(run.results[0])] == ["preflight"]


def test_what_failed_before_its_commands_is_one_line():
    run = outcome(Scale(targets=1))
    odd = replace(run.results[0], status=Status.FAILED, commands=())
    assert [line.kind for line in Timeline(run).lines(odd)][-1] == "failed"


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (0.35, ["0 s", "0.1 s", "0.2 s", "0.3 s"]),
        (50, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]),
        (400, ["0 s", "2 m", "4 m", "6 m"]),
        (9_000, ["0 s", "30 m", "1 h", "1.5 h", "2 h", "2.5 h"]),
        (400_000, ["0 s", "24 h", "48 h", "72 h", "96 h"]),
    ],
)
def test_the_scale_has_few_round_marks(seconds, texts):
    ticks = Timeline(Outcome(results=(), seconds=seconds)).ticks()
    assert [tick.text for tick in ticks] == texts
    assert all(0 <= tick.at <= 1000 for tick in ticks)


def test_a_run_that_took_no_time_has_a_scale():
    assert [tick.text for tick in Timeline(Outcome(results=())).ticks()] == ["0 s"]
