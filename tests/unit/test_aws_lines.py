"""Lines of AWS files: what an edit changes, and what it leaves."""

from __future__ import annotations

import pytest

from rolecall.aws_lines import AwsLines

EDITS = {
    "a value in place, whatever its key and sign": ("[a]\nREGION: x # y\n", "[a]\nregion = z\n"),
    "a key that is new, below those on one line": (
        "[a]\n# mine\noutput = text\n\n# of b\n[b]\n",
        "[a]\n# mine\noutput = text\nregion = z\n\n# of b\n[b]\n",
    ),
    "the indentation of a section": (
        "[a]\n  s3 =\n    b = c\n  Region = x\n",
        "[a]\n  s3 =\n    b = c\n  region = z\n",
    ),
    "before a nested block": ("[a]\n\ts3 =\n\t b = c\n", "[a]\n\tregion = z\n\ts3 =\n\t b = c\n"),
    "a value over several lines, without a comment's": (
        "[a]\nregion = x\n  # of it\n  y\n\n  z\nb = c",
        "[a]\nregion = z\n  # of it\n\nb = c",
    ),
    "what goes": ("[a]\nOLD = 1\nold2 = 3\nb = c\n", "[a]\nold2 = 3\nb = c\nregion = z\n"),
    "what goes, last": ("[a]\nb = c\nold = 1\n  2", "[a]\nb = c\nregion = z\n"),
    "a section that is new": ("[b]\nc = d", "[b]\nc = d\n\n[a]\nregion = z\n"),
    "an empty file": ("", "[a]\nregion = z\n"),
    "an end without a newline": ("[b]\n[a]", "[b]\n[a]\nregion = z\n"),
    "elsewhere an end without a newline": ("[a]\n[b]\nc = d", "[a]\nregion = z\n[b]\nc = d"),
    "line ends": ("[a]\r\nb = c\r\n", "[a]\r\nb = c\r\nregion = z\r\n"),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_changes_what_it_is_to_and_no_other_byte(what):
    before, after = EDITS[what]
    assert AwsLines(before).with_values({"a": {"region": "z"}}, without={"old"}) == after


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[a]\nb = c\n  [d]\n", 2),
        ("[a]\n[b] c\n", 1),
        ("[a] ; [b]\n", 0),
        ("[a #b]\n", 0),
        ("# c\r[a]\n", 0),
        ("# [a]\n  [a] ; b\nc = [d]\n\n  [\n; [e]", None),
        ("[a]\r\n", None),
    ],
)
def test_a_line_that_some_sdks_alone_take_for_a_section_is_found(text, line):
    assert AwsLines(text).ambiguous == line


def test_where_a_key_and_a_mistake_below_one_stand_is_known():
    lines = AwsLines("[a]\nb = c\n  d\n\n# x\nS3 =\n  e = f\n  g\n")
    assert lines.place("a", "s3") == 5
    assert lines.place("a", "e") is None
    assert lines.place("b", "s3") is None
    assert lines.unnested() == 7
    assert AwsLines("[a]\ns3 =\n  e = f\n").unnested() is None
