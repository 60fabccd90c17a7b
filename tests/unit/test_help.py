"""`--help`: a screen of what is needed first; `--help-all`: everything."""

from __future__ import annotations

import re

import pytest

from rolecall.cli import parser
from rolecall.settings.options import GROUPS, options

SCREEN = 60
TAKES_ALL = ("init", "run", "plan", "config")


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


def helped(command, *, whole=False):
    return parser.made(command, whole=whole).commands()[command].format_help()


def flags(text):
    return re.findall(r"^  (--[\w-]+)", text, re.MULTILINE)


@pytest.mark.parametrize("command", parser.HELP)
def test_the_help_of_each_command_fits_a_screen(command):
    lines = helped(command).splitlines()
    assert len(lines) < SCREEN
    assert max(map(len, lines)) <= 80
    assert max(map(len, helped(command, whole=True).splitlines())) <= 80


def test_the_commands_fit_a_screen_each_on_a_line_and_in_a_section():
    lines = parser.made("--help", whole=False).format_help().splitlines()
    assert len(lines) < SCREEN
    assert max(map(len, lines)) <= 80
    for name, text in parser.HELP.items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", "\n".join(lines), re.MULTILINE)
    sections = [line for line in lines if line.startswith(("to ", "where "))]
    assert sections[0] == "to deploy:"
    assert len(sections) == 4


def test_what_a_first_pipeline_needs_is_on_the_first_screen_and_nothing_else():
    first = {option.flag for option in options() if option.brief}
    assert {"--targets", "--commands", "--before", "--max-parallel", "--on-failure"} <= first
    assert set(flags(helped("run"))) == first | {"--config", "--help-all"}
    assert "--help-all has the other options" in helped("run")
    assert "--help-all has the other options" not in helped("config")


def test_an_option_takes_two_lines_of_the_first_screen_at_most():
    for entry in re.split(r"^  (?=--)", helped("run"), flags=re.MULTILINE)[1:]:
        assert len(entry.partition("\n\n")[0].splitlines()) <= 2


@pytest.mark.parametrize("command", TAKES_ALL)
def test_help_all_has_every_option_with_all_that_is_said_of_it(command):
    text = helped(command, whole=True)
    joined = " ".join(text.split())
    for option in options():
        assert f"\n  {option.flag} " in text
        # A long word may be divided at a hyphen.
        assert re.sub(r"\s", "", option.help) in re.sub(r"\s", "", joined)
    assert "These are what a first pipeline needs" not in text


def test_help_all_leaves_out_what_a_command_would_pass_over():
    shown = set(flags(helped("exec", whole=True)))
    unused = {option.flag for option in parser.unused("exec", one=False)}
    assert "--plan" in unused
    assert shown & unused == set()
    assert {option.flag for option in options()} - unused <= shown


def test_options_are_in_groups_those_of_a_first_pipeline_first():
    assert {option.group for option in options()} == set(GROUPS)
    for whole in (False, True):
        text = helped("run", whole=whole)
        headings = [line.removesuffix(":") for line in re.findall(r"^\S.*:$", text, re.MULTILINE)]
        assert [heading for heading in headings if heading in GROUPS] == list(GROUPS)
    assert GROUPS[:2] == ("targets", "commands")


def test_completion_knows_the_options_of_both_screens():
    own = parser.made().commands()["run"]
    hidden = [a for a in own.settings if a.help == "==SUPPRESS=="]
    assert {flag for action in hidden for flag in action.option_strings} == {"--no-preflight"}
