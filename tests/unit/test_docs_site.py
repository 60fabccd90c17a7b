"""The docs' site: what its check finds, and that each diagram is drawn as it now is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import diagrams
import pytest
import references
from check_site import problems

from rolecall.cli import parser
from rolecall.settings.options import options

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture
def site(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text('<h1 id="top">x</h1><a href="sub/a.html#part">a</a>')
    (tmp_path / "sub" / "a.html").write_text(
        '<p id="part"><a href="../index.html#top">up</a><a href="https://aws.amazon.com">AWS</a>'
    )
    return tmp_path


def test_a_site_whose_links_lead_somewhere_has_no_problem(site):
    assert list(problems(site)) == []


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ('<a href="gone.html">x</a>', "index.html: gone.html is not there"),
        ('<a href="sub/">x</a>', "index.html: sub/ is not there"),
        ('<a href="sub/a.html#no">x</a>', "index.html: sub/a.html#no has no such anchor"),
        ('<a href="#no">x</a>', "index.html: #no has no such anchor"),
        ('<img src="no.png">', "index.html: no.png is not there"),
        ('<script src="//cdn/x.js"></script>', "index.html asks for //cdn/x.js"),
        ('<img src="https://host/x.png">', "index.html asks for https://host/x.png"),
        (
            '<link rel="stylesheet" href="https://host/x.css">',
            "index.html asks for https://host/x.css",
        ),
        (
            '<style>@import "https://host/x.css";</style>',
            "index.html asks for https://host/x.css",
        ),
    ],
)
def test_a_link_that_leads_nowhere_or_a_request_to_outside_is_told(site, part, said):
    page = site / "index.html"
    page.write_text(page.read_text() + part)
    assert list(problems(site)) == [said]


def test_a_style_that_asks_another_host_is_told(site):
    (site / "x.css").write_text("p { background: url('https://host/x.woff2') }")
    assert list(problems(site)) == ["x.css asks for https://host/x.woff2"]


def test_the_check_ends_with_one_where_something_is_wrong(site):
    page = site / "index.html"
    page.write_text(page.read_text() + '<a href="gone.html">x</a>')
    program = ROOT / "docs" / "site" / "check_site.py"
    done = subprocess.run(
        [sys.executable, program, site], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "index.html: gone.html is not there\n")


def test_each_diagram_of_the_pages_is_drawn_as_it_now_is():
    blocks = diagrams.blocks()
    wanted = {diagrams.name(text, look) for text in blocks for look in diagrams.LOOKS}
    assert blocks
    assert {path.name for path in diagrams.FOLDER.iterdir()} == wanted


def links(page):
    """The files of the repository that a page leads to."""
    found = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
    return {(page.parent / link).resolve() for link in found if "://" not in link}


# `make site` knows this too, and anchors; here it is told at once, without Sphinx.
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_of_a_page_leads_to_a_file(page):
    assert [link for link in links(page) if not link.is_file()] == []


# The name on PyPI is not this project's.
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_rolecall_installed_from_an_index(page):
    assert re.findall(r"(?:pipx?|uv tool) install +rolecall", page.read_text("utf-8")) == []


def test_each_page_has_a_place_in_the_contents():
    index = ROOT / "docs" / "index.md"
    decisions = {page for page in PAGES if re.match(r"\d{4}-", page.name)}
    assert decisions
    assert set(PAGES) - decisions - {index} == {p for p in links(index) if p.suffix == ".md"}


def test_each_option_has_a_row_and_a_section_with_all_ways_to_give_it():
    page = references.option_page()
    for option in options():
        assert page.count(f"\n| [`{option.variable}`](#{option.key}) | {option.kind.name} |") == 1
        section = page.partition(f"\n## {option.name}\n")[2].partition("\n## ")[0]
        for text in (option.variable, option.flag, option.key):
            assert f"| `{text}` |" in section


def test_each_command_has_a_section_with_the_arguments_that_it_takes():
    page = references.command_page()
    for name, command in parser.made().commands().items():
        section = page.partition(f"\n## rolecall {name}\n")[2].partition("\n## ")[0]
        own = [
            flag for a in command._actions for flag in a.option_strings if a.help != "==SUPPRESS=="
        ]
        settings = {option.flag for option in options()}
        wanted = {flag for flag in own if flag.startswith("--") and flag not in settings}
        assert {flag for flag in wanted - {"--help"} if f"`{flag}" not in section} == set()


def test_a_schema_is_told_field_by_field_with_those_inside_others():
    schema = {
        "description": "A thing.",
        "required": ["parts"],
        "properties": {
            "parts": {
                "type": "array",
                "description": "All | of them",
                "items": {"properties": {"name": {"type": ["string", "null"]}}},
            },
            "whole": {"anyOf": [{"$ref": "#/$defs/whole"}, {"type": "null"}]},
        },
        "$defs": {"whole": {"properties": {"size": {"enum": ["s", "m"]}}}},
    }
    page = references.schema_page("A thing", schema, source="x.json", link="../x.json")
    assert page.partition("|---|---|---|\n")[2] == (
        "| `parts` | list of anything | All \\| of them |\n"
        "| `parts[].name` | string or null |  |\n"
        "| `whole` | [whole](#whole) or null |  *(may be missing)* |\n"
        "\n## whole\n\n| field | type | meaning |\n|---|---|---|\n"
        "| `size` | `s`, `m` |  |\n"
    )
