"""The report of a failed run is kept beside the next one: one, and nothing through a link."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import pytest

from rolecall.report import folder, junit, outputs, page, previous, record, summary
from rolecall.report.reader import read
from rolecall.secret import Mask
from support.outcomes import Scale, outcome

FAILED = outcome(Scale(targets=3, failed=2), tail=("no",))
WELL = outcome(Scale(targets=3))
LOG, ARTIFACT = "logs/team-0001-eu-central-1.log", "artifacts/team-0001-eu-central-1"


def written(report, run):
    """A whole report, as a run leaves it, with a file of somebody's own in each folder."""
    folder.write(report, run, mask=Mask(), working=report)
    for place in (LOG, f"{ARTIFACT}/plan.txt", "logs/mine.txt", "artifacts/mine/a.txt"):
        (report / place).parent.mkdir(parents=True, exist_ok=True)
        (report / place).write_text(f"{run.exit_code}")


def there(report):
    return sorted(str(p.relative_to(report)) for p in report.rglob("*") if p.is_file())


KEPT = ["artifacts/team-0001-eu-central-1/plan.txt", "logs/team-0001-eu-central-1.log",
        "report.html", "report.json", "summary.md"]  # fmt: skip


def test_a_failed_report_is_kept_whole_but_for_what_would_pass_for_the_next_one_s(tmp_path):
    written(tmp_path, FAILED)
    folder.withdraw(tmp_path)
    assert there(tmp_path / "previous") == KEPT
    assert read(tmp_path / "previous") == FAILED
    left = [name for name in there(tmp_path) if not name.startswith("previous/")]
    assert left == ["artifacts/mine/a.txt", "logs/mine.txt"]


def test_it_is_its_owner_s_alone_whatever_the_umask(tmp_path):
    written(tmp_path, FAILED)
    before = os.umask(0)
    try:
        folder.withdraw(tmp_path)
    finally:
        os.umask(before)
    for place in ("previous", "previous/logs", "previous/artifacts"):
        assert stat.S_IMODE((tmp_path / place).stat().st_mode) == 0o700


def test_one_is_kept_and_a_run_that_never_began_leaves_it(tmp_path):
    for seconds in (1.0, 2.0):
        written(tmp_path, replace(FAILED, seconds=seconds))
        (tmp_path / "previous").mkdir(exist_ok=True)
        (tmp_path / "previous/mine.txt").touch()
        folder.withdraw(tmp_path)
        folder.withdraw(tmp_path)
    assert read(tmp_path / "previous").seconds == 2.0
    assert there(tmp_path / "previous") == sorted([*KEPT, "mine.txt"])
    assert not (tmp_path / "previous/previous").exists()


def test_of_a_run_that_went_well_nothing_is_kept_nor_of_the_one_before_it(tmp_path):
    written(tmp_path, FAILED)
    folder.withdraw(tmp_path)
    written(tmp_path, WELL)
    folder.withdraw(tmp_path)
    assert not (tmp_path / "previous").exists()


def test_a_report_that_another_run_has_written_in_the_meantime_is_kept_too(tmp_path):
    folder.withdraw(tmp_path)
    written(tmp_path, FAILED)
    with folder.prepared(tmp_path):
        assert there(tmp_path / "previous") == KEPT
        assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("text", ["", "{", '{"version": 7, "exit_code": 1, "results": []}', "[]"])
def test_what_is_no_report_is_not_kept(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    folder.withdraw(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_place_of_the_report_is_neither_read_nor_moved(tmp_path):
    report = tmp_path / "report"
    written(tmp_path / "elsewhere", FAILED)
    report.mkdir()
    (report / "report.json").symlink_to(tmp_path / "elsewhere/report.json")
    before = there(tmp_path / "elsewhere")
    folder.withdraw(report)
    assert there(tmp_path / "elsewhere") == before
    assert not (report / "previous").exists()


@pytest.mark.parametrize("planted", ["previous", "previous/logs", "previous/artifacts"])
def test_nothing_is_moved_or_removed_through_a_link(tmp_path, planted):
    precious = tmp_path / "precious"
    report = tmp_path / "report"
    for name in KEPT:
        (precious / name).parent.mkdir(parents=True, exist_ok=True)
        (precious / name).write_text("mine")
        inside = precious / name.rpartition("/")[2]
        inside.write_text("mine")
    before = {name: (precious / name).read_text() for name in there(precious)}
    written(report, FAILED)
    (report / planted).parent.mkdir(exist_ok=True)
    (report / planted).symlink_to(precious)
    with pytest.raises(folder.FileError, match=r"is not kept in .*previous: "):
        folder.withdraw(report)
    assert {name: (precious / name).read_text() for name in there(precious)} == before
    assert not [p for p in report.iterdir() if p.name in folder.FILES]


@pytest.mark.parametrize("planted", ["summary.md", "logs", "artifacts", LOG])
def test_a_link_in_the_report_itself_is_left_where_it_is(tmp_path, planted):
    report, precious = tmp_path / "report", tmp_path / "precious"
    written(report, FAILED)
    (report / planted).rename(precious)
    (report / planted).symlink_to(precious)
    before = precious.read_text() if precious.is_file() else there(precious)
    folder.withdraw(report)
    assert (precious.read_text() if precious.is_file() else there(precious)) == before
    assert read(report / "previous") == FAILED


def test_a_file_in_place_of_the_folder_ends_no_run(tmp_path):
    written(tmp_path, FAILED)
    (tmp_path / "previous").write_text("mine")
    assert folder.obstacle(tmp_path) == ""
    with pytest.raises(folder.FileError, match="Not a directory"):
        folder.withdraw(tmp_path)
    assert (tmp_path / "previous").read_text() == "mine"
    assert not (tmp_path / "report.json").exists()
    with folder.prepared(tmp_path):
        pass


def test_every_part_of_a_report_is_kept_or_has_a_reason_not_to_be():
    kept = {name.partition("/")[2] for name in previous.PARTS}
    assert {*folder.FILES, *folder.FOLDERS} - kept == {junit.FILE_NAME, "exports.sh"}
    assert {record.FILE_NAME, page.FILE_NAME, summary.FILE_NAME, outputs.FOLDER} < kept
