"""What GitHub, pre-commit and make show to whoever comes along: it names what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HOOKS = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    for hook in repository["hooks"]
]
TEMPLATES = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.md"))


def targets():
    """Each target that has a help text."""
    return re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)


def recipe(target):
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return found[1].replace("$(BIN)", ".venv/bin")


def test_make_help_lists_each_target_once_in_three_groups():
    run = ["make", "--no-print-directory", "-s", "-C", str(ROOT), "help"]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    heads = re.findall(r"^\w+$", said, re.MULTILINE)
    assert heads == ["Use", "Develop", "Release"]
    listed = re.findall(r"^  make ([a-z-]+) +\S", said, re.MULTILINE)
    assert sorted(listed) == sorted(targets())
    assert all(
        len(group.splitlines()) > 2 for group in re.split(r"^\w+$", said, flags=re.MULTILINE)[1:]
    )


@pytest.mark.parametrize("group", ["USE", "RELEASE"])
def test_each_group_of_help_names_targets_that_there_are(group):
    named = re.search(rf"^{group} := (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    assert [name for name in named if name not in targets()] == []


def test_the_hooks_are_what_make_check_runs_and_nothing_from_elsewhere():
    checked = re.search(r"^check: (.*?) ##", MAKEFILE, re.MULTILINE)[1].split()
    assert [hook["id"] for hook in HOOKS] == checked
    assert {hook["language"] for hook in HOOKS} == {"system"}
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert "://" not in text
    assert text.count("repo:") == text.count("repo: local") == 1


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_its_target_or_the_tool_of_it_on_the_files_of_the_commit(hook):
    words = shlex.split(hook["entry"])
    if words[0] == "make":
        assert words[1:] == [hook["id"]]
        assert hook["pass_filenames"] is False
    else:
        assert hook["entry"] in recipe(hook["id"])
        assert all((ROOT / word).exists() for word in words[1:])


@pytest.mark.parametrize("path", ["src/rolecall/report/page.py", "pyproject.toml"])
def test_what_changes_the_program_is_checked_by_each_hook_that_reads_it(path):
    unread = {"docs-check"} if path == "pyproject.toml" else set()
    hooks = {hook["id"] for hook in HOOKS if re.search(hook.get("files", ""), path)}
    assert {hook["id"] for hook in HOOKS} - hooks == unread


def test_a_vulnerability_is_reported_in_private_and_the_page_leads_on():
    text = (GITHUB / "SECURITY.md").read_text("utf-8")
    assert "Report a\nvulnerability" in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert [link for link in links if not (GITHUB / link).is_file()] == []
    assert not re.search(r"\S+@\S+\.\w", text)
    assert "version/2/1/" in (GITHUB / "CODE_OF_CONDUCT.md").read_text("utf-8")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_s_template_has_a_head_that_github_reads(path):
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    assert {"name", "about"} <= yaml.safe_load(head).keys()
    assert body.count("**") >= 6


def test_whoever_asks_for_a_change_is_told_to_run_what_there_is():
    text = (GITHUB / "pull_request_template.md").read_text("utf-8")
    named = re.findall(r"`make ([a-z-]+)`", text)
    assert set(named) <= set(targets())
    assert {"check", "test"} <= set(named)
