"""A soak of some seconds, and that it finds out what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from soak import leaks, page
from soak.tally import FAULTS, Tally
from support.command import ROLECALL
from support.ledger import Ledger

TESTS = Path(__file__).parents[1]


def soak(seconds, **extra):
    given = {"SOAK_MINUTES": str(seconds / 60), "SOAK_SEED": "7", "PYTHONPATH": str(TESTS), **extra}
    return subprocess.run(
        [sys.executable, "-m", "soak"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def count(text, what):
    return int(re.search(rf"^\| {re.escape(what)} \| ([\d,]+) \|$", text, re.MULTILINE)[1])


def test_a_soak_of_some_seconds_loses_repeats_and_leaks_nothing(tmp_path):
    written = tmp_path / "page.md"
    written.write_text("before\n<!-- soak: begin -->\nbygone\n<!-- soak: end -->\nafter\n")
    done = soak(12, SOAK_PAGE=str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(count(done.stdout, text) for text in FAULTS.values()) > 10
    assert count(done.stdout, "targets") >= 6
    assert [count(done.stdout, f"**{what}**") for what in (
        "targets lost", "targets repeated", "secrets leaked"
    )] == [0, 0, 0]  # fmt: skip
    shown = written.read_text()
    assert "`SOAK_SEED=7`" in shown
    assert "bygone" not in shown
    assert shown.startswith("before\n<!-- soak: begin -->\n")


def test_a_rolecall_that_remembers_elsewhere_is_found_out(tmp_path):
    forgetful = tmp_path / "forgetful"
    forgetful.write_text(f'#!/bin/sh\nROLECALL_RUN_ID=$$ exec {ROLECALL} "$@"\n')
    forgetful.chmod(0o755)
    done = soak(1, SOAK_ROLECALL=str(forgetful), SOAK_LANES="1")
    assert done.returncode == 1
    assert count(done.stdout, "**targets lost**") > 0


def state(*names):
    return json.dumps({"succeeded": [{"target": name} for name in names]}).encode()


def ledger(tmp_path, *lines):
    found = Ledger(path=tmp_path / "ledger")
    found.path.write_text("".join(f"{line}\n" for line in lines))
    return found


@pytest.mark.parametrize(
    ("log", "after", "lost"),
    [
        ("--- a succeeded (0.1 s)\n", state("a"), []),
        ("--- a succeeded (0.1 s)\n", state(), ["a"]),
        ("--- a succeeded (0.1 s)\n", None, ["a"]),
        ("", state("a"), []),
        ("", state("b"), ["b"]),
        ("warning: state not written: reason=x\n--- a succeeded (0.1 s)\n", state(), []),
    ],
)
def test_what_was_told_must_be_remembered_and_what_is_remembered_done(tmp_path, log, after, lost):
    found = ledger(tmp_path, "begin a 1", "end a 1")
    found.judge(1, log, after)
    assert (found.lost, found.repeated) == (lost, [])


def test_what_was_remembered_must_stay_so_and_not_be_begun_again(tmp_path):
    found = ledger(tmp_path, "begin a 1", "end a 1", "begin b 1", "begin b 2", "end b 2")
    found.judge(1, "", state("a"))
    found.judge(2, "", state("a", "b"))
    assert (found.lost, found.repeated) == ([], [])
    found.path.write_text(found.path.read_text() + "begin b 3\n")
    found.judge(3, "", state("a", "b"))
    assert (found.lost, found.repeated) == ([], ["b"])
    found.judge(4, "", state("a"))
    assert found.lost == ["b"]


@pytest.mark.parametrize(
    ("turns", "wrong"),
    [
        (("begin a 1", "end a 1", "begin b 1b", "end b 1b"), 0),
        (("begin a 1", "begin a 1b", "end a 1b"), 0),
        (("begin a 1", "begin b 1b", "end a 1"), 1),
        (("begin a 1", "end a 1", "begin a 1b", "end a 1b"), 1),
    ],
)
def test_of_two_at_once_each_waits_its_turn_and_does_what_the_other_did_not(tmp_path, turns, wrong):
    found = ledger(tmp_path, "begin a 7", "end a 7", *turns)
    assert len(found.rivals(1, "")) == wrong


def test_a_secret_in_a_file_is_found_wherever_it_lies_save_where_it_may(tmp_path):
    (tmp_path / "tmp").mkdir()
    for name in ("log", "tmp/session.json", "clean"):
        (tmp_path / name).write_text("" if name == "clean" else "xx SECRET yy")
    assert len(list(leaks.in_files(tmp_path, [b"SECRET"]))) == 2
    assert list(leaks.in_files(tmp_path, [b"SECRET"], but=tmp_path / "tmp")) == [
        f"log of {tmp_path.name} holds a secret"
    ]


def test_a_secret_on_a_command_line_is_found_while_the_process_runs(tmp_path):
    found = []
    with leaks.CommandLines(lambda: [b"S" + b"ECRET-4711"], found.append):
        script = "import sys; sys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", script, "SECRET-4711"], stdin=subprocess.PIPE
        )
        while not found:
            assert process.poll() is None
        process.communicate()
    assert found[0] == "a command line holds a secret"


def test_a_soak_is_well_only_where_something_was_done_and_nothing_went_wrong():
    tally = Tally()
    assert not tally.well
    tally.tried(whole=6)
    assert tally.well
    for kind in ("lost", "repeated", "leaked"):
        bad = Tally()
        bad.tried(whole=6)
        bad.wrong(kind, ["x"])
        assert not bad.well


def test_a_page_without_a_place_for_the_table_is_said(tmp_path):
    (tmp_path / "page.md").write_text("nothing")
    with pytest.raises(ValueError, match="has no place for the table"):
        page.put(tmp_path / "page.md", "x")
