"""A rerun keeps the failed run's report beside the new one, and `report --compare` finds it."""

from __future__ import annotations

import json

import pytest

from support.command import TARGETS

ONE = TARGETS.split()[0]
FAILS = "echo at $ROLECALL_TARGET; test $ROLECALL_TARGET != tst"
CONTINUED = {"ROLECALL_ON_FAILURE": "continue"}


@pytest.fixture
def failed(rolecall):
    """A folder with the report of a run that failed."""
    done = rolecall.run(FAILS, **CONTINUED)
    assert done.code == 1
    return rolecall


def kept(command):
    return json.loads((command.folder / "rolecall-report/previous/report.json").read_text())


def test_a_rerun_keeps_the_failed_report_and_compare_finds_it(failed):
    done = failed.run("true", **CONTINUED)
    assert (done.code, done.statuses) == (0, ["succeeded"] * 3)
    assert [result["status"] for result in kept(failed)["results"]] == [
        "succeeded", "failed", "succeeded",
    ]  # fmt: skip
    folder = failed.folder / "rolecall-report/previous"
    assert sorted(p.name for p in folder.iterdir()) == [
        "logs", "report.html", "report.json", "summary.md",
    ]  # fmt: skip
    assert (folder / kept(failed)["results"][1]["log"]).read_text() == "at tst\n"
    compared = failed("report", "--compare")
    assert compared.code == 0, compared.err
    assert "before (rolecall-report/previous): 1 failed, 2 succeeded" in compared.out
    assert "Mended (1):\n  tst  succeeded (was failed)\n" in compared.out
    named = failed("report", "rolecall-report/report.json", "--compare", "--format", "md")
    assert "### Mended (1)" in named.out
    assert "\ntst (333333333333" in failed("report", "rolecall-report/previous").out


def test_after_a_run_that_did_not_begin_the_failed_one_is_there(failed):
    assert failed("run", "--nonsense").code == 2
    assert failed("run").code == 2
    assert kept(failed)["exit_code"] == 1
    files = [p.name for p in (failed.folder / "rolecall-report").iterdir() if p.is_file()]
    assert files == []
    gone = failed("report")
    assert gone.code == 2
    assert "that of the failed run before is in rolecall-report/previous" in gone.message


def test_where_nothing_is_kept_compare_says_so(rolecall):
    rolecall.run("true", ROLECALL_TARGETS=ONE)
    done = rolecall("report", "--compare")
    assert done.code == 2
    assert (
        "there is no report of a failed run before in rolecall-report/previous; name the folder of"
        " another run's: --compare DIR"
    ) in done.message


def test_a_merge_reads_what_is_kept_only_where_it_is_named(failed):
    assert failed.run("true", **CONTINUED).code == 0
    merged = failed("merge", "rolecall-report", "--out", "whole")
    assert merged.code == 0, merged.out
    assert failed("merge", "rolecall-report/previous", "--out", "whole").code == 1


def test_what_is_kept_is_in_no_working_copy(failed):
    done = failed.run("test ! -e rolecall-report", ROLECALL_WORKSPACE="copy")
    assert done.code == 0, done.out
    assert kept(failed)["exit_code"] == 1


def test_what_cannot_be_kept_is_said_and_the_run_goes_on(failed):
    (failed.folder / "precious").mkdir()
    (failed.folder / "rolecall-report/previous").symlink_to(failed.folder / "precious")
    done = failed.run("true")
    assert done.code == 0
    assert "the report of the failed run before is not kept in" in done.message
    assert list((failed.folder / "precious").iterdir()) == []
