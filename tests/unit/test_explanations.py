"""What `rolecall explain` shows: the page as it is, and a section for each code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rolecall import explanations
from rolecall.report.record import result_record
from rolecall.results import Result, Status
from rolecall.sessions import faults, remedies
from rolecall.settings import reference
from rolecall.settings.options import options

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+) \| \[[^\]]+\]\(#([\w-]+)\) \|$", PAGE, re.MULTILINE)

BUSY = faults._THROTTLED | faults._TRANSIENT


def test_the_page_in_the_package_is_that_of_the_docs():
    assert (ROOT / "src" / "rolecall" / "troubleshooting.md").read_text("utf-8") == PAGE


@pytest.mark.parametrize(("cell", "anchor"), ROWS)
def test_what_the_page_lists_is_found_by_what_one_sees(cell, anchor):
    assert anchor in explanations.topics()
    seen = " ".join(re.findall(r"`([^`]+)`", cell))
    assert explanations.found(seen) == [anchor]


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("ROLECALL_MASK", "value-not-hidden"),
        ("mask", "value-not-hidden"),
        ("STATE", "state-not-had"),
        ("is held", "state-not-had"),
        ("state_not_written", "state-not-had"),
        ("external id", "external-id"),
        ("warning: duration cut", "session-too-long"),
        ("warning: retry: call=x", "throttled"),
        ("NoSuchBucket", "state-not-had"),
        ("SCP", ""),
        ("COMMAND_TIMEOUT", "timed-out"),
        ("exit code 137", "command-failed"),
        ("137 (SIGKILL)", "command-failed"),
        ("1", "command-failed"),
        ("2", "configuration-mistakes"),
        ("3", "nothing-to-do"),
        ("4", "preflight-failed"),
        ("70", "a-bug"),
        ("exit status 143", "interrupted"),
        ("0", ""),
        ("256", ""),
        ("...", ""),
    ],
)
def test_words_of_a_message_or_an_exit_code_lead_to_their_section(words, topic):
    assert list(explanations.found(words)) == ([topic] if topic else [])


def test_words_that_several_sections_have_lead_to_each_of_them_and_to_no_other():
    found = explanations.found("source_identity session")
    assert found == ["source-identity"]
    assert {"session-tags", "session-too-long"} <= set(explanations.found("session"))
    assert "throttled" not in explanations.found("session")


@pytest.mark.parametrize("code", sorted({*remedies._BY_CODE, *faults.ACCESS_DENIED, *BUSY}))
def test_every_code_that_a_remedy_is_known_for_has_a_section(code):
    assert explanations.topic_of(f"{code}: what AWS said") in explanations.topics()


@pytest.mark.parametrize(
    "topic",
    sorted(
        {explanations.CONFIGURATION, explanations.PLAN, explanations.STATE}
        | set(explanations._OF_EXIT_CODES.values())
    ),
)
def test_the_topics_that_the_code_names_are_there(topic):
    assert topic in explanations.topics()


@pytest.mark.parametrize("topic", explanations.topics())
def test_a_section_is_shown_whole_and_fits_80_columns(topic):
    text = explanations.text(topic)
    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert not re.search(r"```|(?<!\*)\*\*(?!\*)|\]\(", text)
    words = re.findall(r"\w+", explanations._sections()[topic][1])
    assert len(words) - len(re.findall(r"\w+", text)) <= 40


def test_every_phrase_of_a_section_leads_to_it_wherever_its_lines_end():
    topic = "timed-out"
    body = explanations.text(topic)
    phrase = body[body.index("stdin is closed") :][:60].rsplit(maxsplit=1)[0]
    assert "\n" in phrase
    for asked in (phrase, " ".join(phrase.split()), phrase.upper()):
        assert list(explanations.found(asked)) == [topic]
    assert not explanations.found("closed is stdin zebra")


@pytest.mark.parametrize("option", list(options()), ids=lambda option: option.name)
def test_every_spelling_of_an_option_means_it(option):
    for word in (option.variable, option.flag, option.key, option.name, f" {option.key} "):
        assert reference.named(word) == option
    assert explanations.CONFIGURATION not in explanations.naming(option.name)


def test_a_variable_of_one_target_is_explained_as_targets_are():
    assert reference.named("ROLECALL_TARGET_DEV").name == "TARGETS"
    assert reference.named("--no-preflight").name == "PREFLIGHT"
    assert reference.named("nothing") is None
    assert reference.named("") is None


def test_stars_that_are_meant_are_shown():
    assert "whose values are `***` wherever" in " ".join(
        explanations.text("value-not-hidden").split()
    )


def test_a_message_that_no_section_has_leads_nowhere():
    assert explanations.topic_of("Read timed out") == ""
    assert explanations.hint("") == ""


@pytest.mark.parametrize(
    ("reason", "topic"), [("AccessDenied: no", "access-denied"), ("exit code 1", ""), ("", "")]
)
def test_a_report_for_programs_has_the_topic(reason, topic):
    kept_out = Result(
        target="dev",
        account_id="",
        role_arn="",
        region="",
        status=Status.NOT_ASSUMED,
        reason=reason,
    )
    assert result_record(kept_out)["topic"] == topic
