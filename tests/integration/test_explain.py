"""`rolecall explain`, and the one line of each error that leads there."""

from __future__ import annotations

import pytest

from support import answers
from support.command import TARGETS


def test_roles_that_are_denied_lead_to_their_section_once_however_many(rolecall, sts):
    sts.always("role", answers.access_denied())
    done = rolecall.run("true")
    assert done.out.splitlines()[-1] == "More: rolecall explain access-denied"
    assert done.out.count("More: ") == 1
    explained = rolecall("explain", "access-denied")
    assert explained.code == 0
    assert explained.out.startswith("Access denied\n")
    assert "trust policy" in explained.out


def test_each_kind_of_failure_leads_to_a_section_of_its_own(rolecall, sts):
    sts.always("222222222222", answers.access_denied())
    sts.always("333333333333", answers.error("ExpiredToken", "expired", 403))
    done = rolecall.run("true")
    assert done.out.splitlines()[-2:] == [
        "More: rolecall explain access-denied",
        "More: rolecall explain credentials-expired",
    ]


@pytest.mark.parametrize(
    ("given", "topic"),
    [
        ({"ROLECALL_ON_FAILURE": "halt"}, "configuration-mistakes"),
        ({"ROLECALL_ALLOWED_ACCOUNTS": "333333333333"}, "account-not-allowed"),
        ({"ROLECALL_TARGETS": ""}, "nothing-to-do"),
    ],
)
def test_what_ends_before_anything_leads_to_a_section(rolecall, given, topic):
    done = rolecall.run("true", **given)
    assert done.err.splitlines()[-1] == f"More: rolecall explain {topic}"


def test_a_plan_that_differs_leads_to_its_section(rolecall):
    rolecall("plan", "--out", "plan.json", ROLECALL_COMMANDS="true")
    done = rolecall("run", "--plan", "plan.json", ROLECALL_COMMANDS="false")
    assert done.err.splitlines()[-1] == "More: rolecall explain plan-differs"


@pytest.mark.parametrize("word", ["Throttling", "throttled", "Rate exceeded"])
def test_a_word_of_the_message_is_as_good_as_the_topic(rolecall, word):
    assert rolecall("explain", word).out.startswith("Throttled\n")


def test_without_a_topic_all_are_listed(rolecall):
    out = rolecall("explain").out
    assert "access-denied                   Access denied\n" in out
    assert "configuration-mistakes" in out


def test_what_is_not_explained_ends_with_2_and_the_nearest(rolecall):
    done = rolecall("explain", "acces-denid")
    assert done.code == 2
    assert "did you mean access-denied?" in done.message


def test_a_run_that_succeeds_leads_nowhere(rolecall):
    done = rolecall.run("true", ROLECALL_TARGETS=TARGETS)
    assert "More:" not in done.out + done.err
