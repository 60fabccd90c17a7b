"""`rolecall explain`, and the one line of each error that leads there."""

from __future__ import annotations

import pytest

from support import answers
from support import s3 as faults
from support.command import TARGETS
from support.s3 import BUCKET, ScriptedS3


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


@pytest.mark.parametrize(
    "word", ["MAX_PARALLEL", "ROLECALL_MAX_PARALLEL", "--max-parallel", "max_parallel"]
)
def test_an_option_is_explained_however_it_is_written(rolecall, word):
    done = rolecall("explain", word)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "MAX_PARALLEL\n\n"
        "How many targets are deployed to at once: a count, or a share of the wave.\n\n"
        "  variable         `ROLECALL_MAX_PARALLEL`\n"
        "  flag             `--max-parallel`\n"
        "  key              `max_parallel`\n"
        "  takes            count or share: `16`, or `25%`\n"
        "  default          `1`\n"
    )
    assert done.out.endswith("\n\nMore: rolecall explain no-working-copy\n")


def test_a_section_that_is_nearly_called_as_an_option_is_keeps_its_name(rolecall):
    assert rolecall("explain", "external-id").out.startswith("External id\n")
    option = rolecall("explain", "EXTERNAL_ID").out
    assert option.startswith("EXTERNAL_ID\n")
    assert option.endswith("\nMore: rolecall explain external-id\n")


def test_a_misspelt_option_is_told_with_the_nearest(rolecall):
    done = rolecall("explain", "--duratoin")
    assert (done.code, done.out) == (2, "")
    assert done.message.endswith("is nothing that is explained; did you mean DURATION?")


def test_a_phrase_is_found_where_lines_end_within_it(rolecall):
    shown = "region that does\n  not exist. After eight roles in a row"
    for phrase in (shown, " ".join(shown.split())):
        assert rolecall("explain", phrase).out.startswith("AWS unreachable\n")


def test_without_a_topic_all_are_listed(rolecall):
    out = rolecall("explain").out
    assert "access-denied                   Access denied\n" in out
    assert "configuration-mistakes" in out
    assert "`rolecall explain NAME` tells of an option too" in out


def test_what_is_not_explained_ends_with_2_and_the_nearest(rolecall):
    done = rolecall("explain", "acces-denid")
    assert done.code == 2
    assert "did you mean access-denied?" in done.message


def test_what_is_not_explained_and_near_nothing_is_answered_with_all_topics(rolecall):
    done = rolecall("explain", "zzz")
    assert done.code == 2
    assert done.err.startswith("rolecall: 'zzz' is nothing that is explained; the topics are:\n")
    assert "  access-denied                   Access denied\n" in done.err
    assert "mistake" not in done.err.splitlines()[0]
    assert "More:" not in done.err


def test_words_that_several_sections_have_are_answered_with_these(rolecall):
    done = rolecall("explain", "session")
    assert done.code == 2
    assert "several topics tell of 'session'" in done.err
    assert "  session-tags                    Session tags\n" in done.err
    assert "access-denied" not in done.err


def test_a_message_need_not_be_quoted(rolecall):
    assert rolecall("explain", "exit", "code", "137").out.startswith("Command failed\n")


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        (("run", "--plan", "nope.json"), "configuration-mistakes"),
        (("merge", "nope"), "report-not-read"),
        (("report", "nope"), "report-not-read"),
        (("merge", "nope", "--out", "file"), "report-not-written"),
        (("run", "--targets", "file:nope"), "list-or-organisation-not-read"),
    ],
)
def test_a_file_that_is_not_had_leads_to_its_own_section(rolecall, words, topic):
    (rolecall.folder / "file").touch()
    done = rolecall(*words, ROLECALL_COMMANDS="true")
    assert done.code == 2
    assert done.err.splitlines()[-1] == f"More: rolecall explain {topic}"


def test_a_state_folder_that_can_not_be_made_leads_to_its_section(rolecall):
    (rolecall.folder / "file").touch()
    done = rolecall.run("true", ROLECALL_STATE="file/state", ROLECALL_RUN_ID="1")
    assert done.err.splitlines()[-1] == "More: rolecall explain state-not-had"


def test_a_bucket_of_states_that_is_not_there_or_denies_leads_to_its_section(rolecall):
    with ScriptedS3() as s3:
        given = {"ROLECALL_RUN_ID": "1", **s3.environ}
        gone = rolecall.run("true", ROLECALL_STATE="s3://nope/state", **given)
        s3.faults["PUT"] = [faults.DENIED]
        denied = rolecall.run("true", ROLECALL_STATE=f"s3://{BUCKET}/state", **given)
    for done, code in ((gone, "NoSuchBucket"), (denied, "AccessDenied")):
        assert code in done.err
        assert done.err.splitlines()[-1] == "More: rolecall explain state-not-had"


def test_a_run_that_succeeds_leads_nowhere(rolecall):
    done = rolecall.run("true", ROLECALL_TARGETS=TARGETS)
    assert "More:" not in done.out + done.err
