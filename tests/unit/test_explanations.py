"""What `rolecall explain` shows: the page as it is, and a section for each code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rolecall import explanations
from rolecall.sessions import faults, remedies

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
    assert explanations.found(seen) == anchor


@pytest.mark.parametrize("code", sorted({*remedies._BY_CODE, *faults.ACCESS_DENIED, *BUSY}))
def test_every_code_that_a_remedy_is_known_for_has_a_section(code):
    assert explanations.topic_of(f"{code}: what AWS said") in explanations.topics()


@pytest.mark.parametrize("topic", [explanations.CONFIGURATION, explanations.PLAN])
def test_the_topics_that_the_code_names_are_there(topic):
    assert topic in explanations.topics()


@pytest.mark.parametrize("topic", explanations.topics())
def test_a_section_is_shown_whole_and_fits_80_columns(topic):
    text = explanations.text(topic)
    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert not re.search(r"```|\*\*|\]\(", text)
    words = re.findall(r"\w+", explanations._sections()[topic][1])
    assert len(words) - len(re.findall(r"\w+", text)) <= 40


def test_a_message_that_no_section_has_leads_nowhere():
    assert explanations.topic_of("Read timed out") == ""
    assert explanations.hint("") == ""
