"""What an earlier run has left reads as no success of this one."""

from __future__ import annotations

import fcntl
import os

import pytest

from rolecall.report.folder import FILES
from support import answers
from support.command import SOURCE_KEYS, TARGETS

ONE = TARGETS.split()[0]


@pytest.fixture
def earlier(rolecall):
    """A folder with the report of a run that went well."""
    done = rolecall.run("echo hi", ROLECALL_TARGETS=ONE)
    assert done.code == 0
    (rolecall.folder / "rolecall-report/mine.txt").touch()
    return rolecall


def left(command, folder="rolecall-report"):
    found = (command.folder / folder).rglob("*")
    return sorted(str(p.relative_to(command.folder / folder)) for p in found if p.is_file())


@pytest.mark.parametrize(
    ("arguments", "extra", "code"),
    [
        (["run"], {}, 2),
        (["run", "--max-parallel", "none"], {"ROLECALL_COMMANDS": "true"}, 2),
        (["run", "--nonsense"], {"ROLECALL_COMMANDS": "true"}, 2),
        (["run", "--report-dir"], {"ROLECALL_COMMANDS": "true"}, 2),
        (["run", "--config", "none.yml"], {"ROLECALL_COMMANDS": "true"}, 2),
        (["run", "--plan", "none.json"], {"ROLECALL_COMMANDS": "true"}, 2),
        (["run"], {"ROLECALL_COMMANDS": "true", "ROLECALL_TARGETS": ""}, 3),
        (["run"], {"ROLECALL_COMMANDS": "true", "ROLECALL_SHELL": "/none"}, 2),
        (["run"], {"ROLECALL_COMMANDS": "true", "TMPDIR": "/nonexistent"}, 2),
        (["run"], {"ROLECALL_COMMANDS": "true", "ROLECALL_STATE": "/dev/null/x"}, 2),
    ],
)
def test_a_run_that_does_not_begin_leaves_no_report_of_an_earlier_one(
    earlier, arguments, extra, code
):
    done = earlier(*arguments, **extra)
    assert done.code == code, done.err
    assert left(earlier) == ["mine.txt"]


def test_the_folder_of_a_flag_that_stands_before_a_wrong_one_is_known(rolecall):
    given = {"ROLECALL_TARGETS": ONE, "ROLECALL_COMMANDS": "true"}
    for arguments in (["--report-dir", "out/"], ["--report-dir=out/"]):
        assert rolecall("run", *arguments, **given).code == 0
        assert "exports.sh" in left(rolecall, "out")
        assert rolecall("run", *arguments, "--nonsense", **given).code == 2
        assert left(rolecall, "out") == []


def test_what_fails_before_the_report_is_prepared_leaves_none(earlier):
    bug = "import rolecall.cli.run as r\ndef broken(*a): raise RuntimeError('boom')\nr.Aws = broken"
    assert earlier.patched(bug).run("true").code == 70
    assert left(earlier) == ["mine.txt"]


def test_a_run_under_way_keeps_its_report(earlier):
    before = left(earlier)
    descriptor = os.open(earlier.folder / "rolecall-report", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert earlier("run").code == 2
        assert left(earlier) == before
        done = earlier.run("true")
        assert (done.code, left(earlier)) == (2, before)
        assert "another run writes its report" in done.message
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "arguments",
    [["plan"], ["plan", "--nonsense"], ["config"], ["exec", "none", "--", "true"], ["--help"],
     ["run", "--help"], ["report"], ["completion", "bash"], ["state"], ["nonsense"]],
)  # fmt: skip
def test_only_a_run_removes_a_report(earlier, arguments):
    before = left(earlier)
    earlier(*arguments)
    assert left(earlier) == before


def test_a_report_that_cannot_be_removed_is_told(earlier):
    bug = (
        "import pathlib\nunlink = pathlib.Path.unlink\n"
        "def denied(self, *a, **k):\n"
        "    if self.name == 'exports.sh': raise PermissionError(13, 'Permission denied')\n"
        "    unlink(self, *a, **k)\n"
        "pathlib.Path.unlink = denied"
    )
    done = earlier.patched(bug)("run")
    assert done.code == 2
    assert "exports.sh tells of an earlier run, and cannot be removed: Permission" in done.message


def test_a_part_that_cannot_be_written_is_not_there_at_all(earlier, tmp_path):
    """As where a merge finds no room for it."""
    bug = (
        "import rolecall.report.exports as e\n"
        "def full(*a, **k): raise OSError(28, 'No space left on device')\n"
        "e.write = full"
    )
    copied = tmp_path / "build/report.json"
    copied.parent.mkdir()
    copied.write_bytes((tmp_path / "rolecall-report/report.json").read_bytes())
    done = earlier.patched(bug)("merge", "build")
    assert "exports.sh cannot be written" in done.message
    assert "exports.sh" not in left(earlier)


def test_a_merge_that_fails_leaves_no_earlier_one(earlier, tmp_path):
    copied = tmp_path / "build/report.json"
    copied.parent.mkdir()
    copied.write_bytes((tmp_path / "rolecall-report/report.json").read_bytes())
    assert earlier("merge", "build", "--out", "whole").code == 0
    assert set(left(earlier, "whole")) >= set(FILES)
    assert earlier("merge", "build", "nowhere", "--out", "whole").code == 2
    assert left(earlier, "whole") == []


def test_a_merge_into_the_folder_that_it_reads_loses_nothing(earlier):
    before = left(earlier)
    assert earlier("merge", "rolecall-report").code == 2
    assert left(earlier) == before


def test_a_plan_that_fails_leaves_no_earlier_one_to_run(earlier, sts):
    given = {"ROLECALL_COMMANDS": "true"}
    plan = earlier.folder / "plan.json"
    assert earlier("plan", "--out", "plan.json", **given).code == 0
    sts.always("333333333333", answers.access_denied("x"))
    assert earlier("plan", "--check", "--out", "plan.json", **given).code == 4
    assert not plan.exists()
    assert earlier("plan", "--out", "plan.json", **given).code == 0
    assert earlier("plan", "--out", "plan.json").code == 2
    assert not plan.exists()


def test_a_file_that_is_no_plan_stays_where_no_plan_is_written(rolecall):
    path = rolecall.folder / "mine.yml"
    path.write_text("a: b\n")
    assert rolecall("plan", "--out", "mine.yml").code == 2
    assert path.read_text() == "a: b\n"


def test_a_batch_that_fails_leaves_no_earlier_one(rolecall):
    (rolecall.folder / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: []}}")
    batch = ("plan", "--batch", "target", "--out", "batch.yml")
    assert rolecall(*batch, ROLECALL_COMMANDS="true").code == 0
    assert rolecall(*batch).code == 2
    assert left(rolecall, ".") == ["buildspec.yml"]
    assert rolecall("plan", "--batch", "target", "--out", "buildspec.yml").code == 2
    assert left(rolecall, ".") == ["buildspec.yml"]


def test_a_form_of_a_report_that_is_gone_is_gone_too(earlier):
    shown = ("report", "--format", "md", "--out", "comment.md")
    assert earlier(*shown).code == 0
    assert earlier("run").code == 2
    assert earlier(*shown).code == 2
    assert not (earlier.folder / "comment.md").exists()


def test_a_report_is_no_victim_of_its_own_form(rolecall):
    path = rolecall.folder / "report.json"
    path.write_text("{}")
    assert rolecall("report", "report.json", "--format", "json", "--out", "report.json").code == 2
    assert path.exists()


def test_without_credentials_the_report_is_of_this_run(earlier):
    nothing = dict.fromkeys(SOURCE_KEYS, "")
    done = earlier.run("true", **{**nothing, "AWS_REGION": "eu-central-1"})
    assert (done.code, done.statuses) == (4, ["not assumed"] * 3)
    exports = (earlier.folder / "rolecall-report/exports.sh").read_text()
    assert "ROLECALL_EXIT_CODE=4" in exports
