"""Working copies: what is looked at before one is made, and what leads to it."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from rolecall import wording
from rolecall.commands import survey as surveys
from rolecall.commands import workspace
from rolecall.commands.survey import survey
from rolecall.commands.workspace import Copies, below, relocated
from rolecall.errors import ConfigError, FileError, InterruptedRunError
from rolecall.stop import Stop


@pytest.fixture
def folder(tmp_path):
    """A folder with 11 files in a tree."""
    made = tmp_path / "work"
    (made / "src/deep").mkdir(parents=True)
    for number in range(8):
        (made / f"src/deep/{number}").write_bytes(b"x" * 10_000)
    (made / "top").write_text("")
    return made


@pytest.fixture
def copies(folder, tmp_path):
    place = tmp_path / "place"
    place.mkdir()

    def make(**more):
        given = {"folder": folder, "place": place, "left_out": frozenset(), "at_once": 4}
        return Copies(**{**given, "path": os.environ["PATH"], **more})

    return make


def told(copies: Copies) -> str:
    with Stop() as stop, pytest.raises(ConfigError) as caught:
        copies.check(stop)
    [problem] = caught.value.problems
    assert problem.place == "ROLECALL_WORKSPACE"
    return problem.text


def room(monkeypatch, *, size=10**12, files=10**9):
    """A disk with so many bytes and files left."""
    found = SimpleNamespace(f_bavail=size // 1000, f_frsize=1000, f_files=10**9, f_favail=files)
    monkeypatch.setattr(workspace.os, "statvfs", lambda path: found)


def test_everything_is_counted_and_taken_by_its_topmost_names(folder):
    with Stop() as stop:
        found = survey(folder, [], stop)
    assert found.parts == {".": ["src", "top"]}
    assert found.files == 11
    assert found.size >= 80_000
    assert found.obstacle == ""
    assert found.small


def test_a_folder_that_holds_what_is_left_out_is_taken_name_by_name(folder):
    with Stop() as stop:
        left_out = [folder / "src/deep/3", folder / "top", folder / "not/there"]
        found = survey(folder, left_out, stop)
    names = [name for name in map(str, range(8)) if name != "3"]
    assert found.parts == {".": [], "src": [], "src/deep": names}


def test_what_cannot_be_read_is_named_and_of_many_some(folder, monkeypatch):
    monkeypatch.setattr(surveys.os, "access", lambda path, mode: False)
    with Stop() as stop:
        found = survey(folder, [], stop)
    assert found.obstacle.endswith(" and 6 more")
    assert found.obstacle.count(" cannot be read") == 3


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path).endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(surveys.os, "scandir", refusing)
    with Stop() as stop:
        found = survey(folder, [], stop)
    assert found.obstacle == f"{folder}/src/deep cannot be read: Permission denied"


def test_what_is_of_others_or_no_plain_file_is_not_small(folder, monkeypatch):
    os.mkfifo(folder / "fifo")
    with Stop() as stop:
        assert not survey(folder, [], stop).small
        (folder / "fifo").unlink()
        monkeypatch.setattr(surveys.os, "geteuid", lambda: 4711)
        assert not survey(folder, [], stop).small


def test_copies_that_find_no_room_are_refused_with_what_to_set(copies, monkeypatch):
    room(monkeypatch, size=300_000)
    why = told(copies())
    assert "there may be 4 copies of" in why
    assert "kB in 11 files each)" in why
    assert re.search("has room for [123]: set TMPDIR to a folder with more; or let fewer", why)
    assert "WORKSPACE=shared" in why


def test_files_of_which_there_may_be_no_more_are_counted_too(copies, monkeypatch):
    room(monkeypatch, files=25)
    assert "has room for 2:" in told(copies())


def test_where_blocks_are_shared_there_is_room(copies, monkeypatch):
    room(monkeypatch, size=300_000)
    monkeypatch.setattr(workspace.fcntl, "ioctl", lambda *words: 0)
    made = copies()
    with Stop() as stop:
        made.check(stop)
    assert list(made.place.iterdir()) == []


def test_a_whole_machine_is_not_copied(copies):
    assert "/ is a whole machine" in told(copies(folder=Path("/")))


def test_without_cp_there_are_no_copies(copies, tmp_path):
    assert "takes `cp`, which is not on the PATH" in told(copies(path=str(tmp_path)))


def test_a_stop_ends_the_look_at_what_there_is(copies):
    with Stop() as stop:
        stop.request(15)
        with pytest.raises(InterruptedRunError):
            copies().check(stop)


@pytest.mark.parametrize("options", [0, 1], ids=["GNU", "another"])
def test_another_cp_copies_as_well(copies, folder, tmp_path, options):
    """One that knows no --reflink."""
    bins = tmp_path / "bin"
    bins.mkdir()
    known = "" if options == 0 else 'case "$*" in *reflink*) exit 1;; esac; '
    (bins / "cp").write_text(f'#!/bin/sh\n{known}PATH={os.environ["PATH"]}\nexec cp "$@"\n')
    (bins / "cp").chmod(0o755)
    os.mkfifo(folder / "fifo")
    made = copies(path=f"{bins}:{os.environ['PATH']}")
    with Stop() as stop:
        made.check(stop)
        with made.made("1", stop, lambda waited: None) as copied:
            assert sorted(p.name for p in copied.rglob("*") if p.is_file()) == [*"01234567", "top"]
            assert stat.S_ISFIFO((copied / "fifo").lstat().st_mode)
    assert list(made.place.iterdir()) == []


def test_a_copy_that_takes_long_is_told_and_has_an_end(copies, folder, tmp_path, monkeypatch):
    bins = tmp_path / "bin"
    bins.mkdir()
    (bins / "cp").write_text('#!/bin/sh\ncase "$*" in *--version*) ;; *) exec sleep 60;; esac\n')
    (bins / "cp").chmod(0o755)
    os.mkfifo(folder / "fifo")
    monkeypatch.setattr(workspace, "_SLOW", 0.0)
    monkeypatch.setattr(workspace, "_LONGEST", 0.3)
    told_of = []
    made = copies(path=f"{bins}:{os.environ['PATH']}")
    with Stop() as stop:
        made.check(stop)
        with (
            pytest.raises(FileError, match="no working copy could be made within"),
            made.made("1", stop, told_of.append),
        ):
            pass
    assert len(told_of) == 1
    assert list(made.place.iterdir()) == []


def test_paths_lead_to_the_copy_but_for_what_is_in_none():
    old, new = Path("/work"), Path("/tmp/1/work")
    environ = {
        "SRC": "/work",
        "LIST": "/bin:/work/bin:/workshop",
        "URL": "file:///work/x",
        "REPORT": "/work/report/x",
        "OTHER": "word",
    }
    assert relocated(environ, old, new, kept=[Path("/work/report")]) == {
        **environ,
        "SRC": "/tmp/1/work",
        "LIST": "/bin:/tmp/1/work/bin:/workshop",
    }


def test_what_lies_in_the_folder_is_found_behind_links(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder / "src")
    paths = [folder, folder.parent, tmp_path / "link", folder / "top", Path("/elsewhere")]
    assert below(folder, paths) == {folder / "src", folder / "top"}


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1_234, "1.2 kB"), (12_345_678, "12 MB"), (2.5e12, "2.5 TB")],
)
def test_bytes_are_said_as_read_at_a_glance(size, said):
    assert wording.size(size) == said
