"""What succeeded in an earlier try, where reports are merged, compared and told as cases."""

from __future__ import annotations

import pytest

from rolecall.report import cases, comparison, merging
from rolecall.report.merging import Part
from rolecall.results import CommandResult, Outcome, Result, Status

BEFORE, DONE, FAILED, LEFT = (
    Status.SUCCEEDED_BEFORE,
    Status.SUCCEEDED,
    Status.FAILED,
    Status.NOT_RUN,
)


def result(status, name="dev", **more):
    return Result(
        target=name,
        account_id="222222222222",
        role_arn="arn:aws:iam::222222222222:role/deploy",
        region="eu-central-1",
        index=1,
        wave=1,
        status=status,
        **more,
    )


def outcome(*statuses, started_at=0.0):
    names = ("dev", "tst", "prd")
    results = (result(status, name) for status, name in zip(statuses, names, strict=False))
    return Outcome(results=tuple(results), started_at=started_at)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((BEFORE, BEFORE), 0),
        ((BEFORE, DONE), 0),
        ((BEFORE, FAILED), 1),
        ((BEFORE, LEFT), 1),
        ((BEFORE, Status.NOT_ASSUMED, LEFT), 4),
    ],
)
def test_it_counts_as_a_success_and_what_was_left_does_not(statuses, code):
    assert outcome(*statuses).exit_code == code


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(DONE, BEFORE, DONE), (FAILED, BEFORE, BEFORE), (LEFT, BEFORE, BEFORE), (BEFORE, DONE, DONE)],
)
def test_merged_what_was_done_says_more_than_what_tells_of_it(first, second, kept):
    parts = [
        Part(place=str(n), outcome=outcome(status, started_at=float(n)))
        for n, status in enumerate((first, second))
    ]
    assert [each.status for each in merging.merge(parts).outcome.results] == [kept]


def test_compared_it_is_mended_where_it_failed_and_no_news_where_it_succeeded():
    changes = comparison.compare(outcome(FAILED, DONE), outcome(BEFORE, BEFORE)).changes
    assert [c.result.target for c in changes["Mended"]] == ["dev"]
    assert sum(map(len, changes.values())) == 1


def test_as_cases_it_has_those_that_it_had_when_it_ran():
    ran = tuple(CommandResult(command=c, status=DONE) for c in ("make", "make"))
    then = cases.cases(Outcome(results=(result(DONE, commands=ran),)), ["make", "make"])
    now = cases.cases(Outcome(results=(result(BEFORE, reason="earlier"),)), ["make", "make"])
    assert [(c.place, c.name) for c in now] == [(c.place, c.name) for c in then]
    assert {(c.status, c.reason) for c in now} == {(BEFORE, "earlier")}
