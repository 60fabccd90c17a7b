"""README.md: short enough to be read in one sitting, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from rolecall.settings.options import options

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
FIRST = 12
RIVALS = ("assume-role", "configure-aws-credentials", "StackSets", "CDK Pipelines", "c7n-org")
# What commands see, and the terminal's own.
OTHERS = {"ROLECALL_TARGET"}


def rows(heading):
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in table[1:] if not row.startswith("-")]


def test_it_has_fewer_than_150_lines():
    assert len(README.splitlines()) < 150


def test_each_variable_in_it_is_an_option():
    known = {option.variable for option in options()} | OTHERS
    assert set(re.findall(r"\bROLECALL_[A-Z_]+", README)) <= known


def test_it_has_a_dozen_options_and_the_page_has_them_all():
    assert len(rows("Options of a first pipeline")) == FIRST
    assert "(docs/reference/options.md)" in README
    first = {f"`{option.variable}`" for option in options() if option.brief}
    assert {row[0] for row in rows("Options of a first pipeline")} <= first


def test_its_exit_codes_are_those_of_the_reference_in_its_order():
    reference = re.findall(r"^\| (\d+)[^|]*\|", REFERENCE, re.MULTILINE)
    listed = [code for code, _ in rows("Exit codes")]
    assert [code for code in reference if code not in {"137", "141"}] == [c[:3] for c in listed]


def test_it_compares_with_five_others_and_says_when_to_take_them():
    compared = rows("Why this, and when not")
    assert len(compared) == len(RIVALS)
    for rival, (other, because, rather) in zip(RIVALS, compared, strict=True):
        assert rival in other
        assert because
        assert rather
