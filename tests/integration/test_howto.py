"""Each guide's commands, in order, as a build of the hub has them; first-run.md's on a laptop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from organisation import Organisation

from support.tutorial import Shell, settled, steps

ROOT = Path(__file__).parents[2] / "docs"
FIRST_RUN = ROOT / "first-run.md"
PAGES = [FIRST_RUN, *sorted((ROOT / "howto").glob("*.md"))]
# Blocks that are not run: what each would take, or what it shows.
MARKS = {"not simulated: Docker", "settings of the action", "a part of the demo"}


@pytest.fixture(scope="module")
def organisation():
    with Organisation() as found:
        yield found


def shell_of(folder, given):
    work, home = folder / "work", folder / "home"
    for each in (work, home):
        each.mkdir()
    kept = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return Shell(folder=work, environment={**kept, **given})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_guide_shows_is_what_its_commands_print(page, organisation, tmp_path):
    # A laptop on which nobody has set up AWS is enough for the first page.
    shell = shell_of(tmp_path, {} if page == FIRST_RUN else organisation.environment())
    for step in steps(page.read_text("utf-8")):
        if step.language != "sh" or not step.is_simulated:
            continue
        code, output = shell(step.text)
        assert code == 0, f"{step.text}\n{output}"
        assert settled(output) == settled(step.output), step.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_is_not_run_says_what_it_would_take(page):
    for step in steps(page.read_text("utf-8")):
        assert step.language == "sh" or step.mark, f"an output of no command: {step.text}"
        assert not step.mark or step.mark in MARKS
