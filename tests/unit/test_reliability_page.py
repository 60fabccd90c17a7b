"""docs/reliability.md: each fault has its test, and each test of faults its place."""

from __future__ import annotations

import ast
import re
import signal
from functools import cache
from pathlib import Path

import pytest

from rolecall import errors
from rolecall.cli.signals import ENDING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
FAULTS = [f"tests/integration/test_{name}.py" for name in ("faults", "scarcity", "planted_links")]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if "::test_" in line
]
REFERENCE = (ROOT / "docs/reference/exit-codes.md").read_text("utf-8")
CODES = {
    int(code)
    for codes in re.findall(r"^\| ([\d, ]+) \|", REFERENCE, re.MULTILINE)
    for code in codes.split(",")
}


@cache
def written_in(path: str) -> dict[str, str]:
    """The source of each test of a file, by its name."""
    source = (ROOT / path).read_text("utf-8")
    return {
        node.name: "\n".join(ast.get_source_segment(source, part) or "" for part in whole(node))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }


def whole(function: ast.FunctionDef) -> list[ast.expr | ast.FunctionDef]:
    return [*function.decorator_list, function]


def test_the_documented_exit_codes_are_those_of_the_program_and_of_signals():
    own = {code for name, code in vars(errors).items() if name.isupper() and type(code) is int}
    killed = {128 + number for number in (*ENDING, signal.SIGKILL, signal.SIGPIPE)}
    assert own | killed == CODES


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_a_test_that_is_named_exists(path, name):
    assert name in written_in(path)


@pytest.mark.parametrize("path", FAULTS)
def test_every_test_of_faults_is_on_the_page(path):
    expected = {name for name in written_in(path) if name.startswith("test_")}
    assert expected
    assert expected - {name for file, name in NAMED if file == path} == set()


def test_every_row_of_the_tables_has_a_documented_exit_code_and_a_test():
    assert len(ROWS) > 50
    for fault, does, codes, shown in ROWS:
        assert fault
        assert does
        assert "`tests/" in shown
        assert {int(code) for code in re.findall(r"\b\d+\b", codes)} <= CODES
        assert re.search(r"\d", codes)
    tables = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = [line for line in tables if line.startswith("| fault |")]
    first = PAGE.index("## All together")
    faults = [line for line in PAGE[:first].splitlines() if line.startswith("| ")]
    assert len(faults) == len(ROWS) + len(heads)


# What a test says of the exit code: `.code == 0`, `(done.code, …) == (1, …)`, `code=4`, one of
# `{0, 1}`, or beside a signal of a table.
ASSERTED = re.compile(
    r"(?:code\b|wait\()[^\n]*?==\s*\(?(\d+)"
    r"|code in \{([\d, ]+)\}|\bcode=(\d+)|signal\.SIG\w+, (\d+)\)"
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_the_exit_code_of_a_row_is_one_that_its_tests_assert(row):
    codes = {int(code) for code in re.findall(r"\b\d+\b", row[2])} - {137}
    asserted: set[int] = set()
    named = re.findall(r"`(tests/integration/\w+\.py)::(\w+)`", row[3])
    for path, name in named:
        for found in ASSERTED.findall(written_in(path)[name]):
            asserted |= {int(code) for code in ",".join(filter(None, found)).split(",")}
    # Where a part alone is tested, there is no exit code yet.
    assert codes <= asserted or not named
