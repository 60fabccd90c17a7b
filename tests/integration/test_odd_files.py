"""What is no plain file, such as a pipe or a device, is neither read nor replaced."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from rolecall.files import read_plain

ROLE = "arn:aws:iam::222222222222:role/deploy"
KINDS = {"a named pipe": stat.S_IFIFO, "a device": stat.S_IFCHR}
# What names the file, and the command that would read or replace it; NODE is its path.
PLACES = {
    "node/config": (("assume", ROLE, "client"), {"AWS_CONFIG_FILE": "NODE"}),
    "node/credentials": (("assume", ROLE, "client"), {"AWS_SHARED_CREDENTIALS_FILE": "NODE"}),
    "rolecall.yml": (("plan",), {}),
    "node/settings.yml": (("plan", "--config", "NODE"), {}),
    "node/targets": (("plan",), {"ROLECALL_TARGETS": "file:NODE"}),
    "node/approved": (("run", "--plan", "NODE"), {}),
    "node/out.json": (("plan", "--out", "NODE"), {}),
    "node/report.json": (("report", "NODE"), {}),
    "node/reports/report.json": (("report", "node/reports"), {}),
    "node/1.json": (("merge", "NODE", "--out", "merged"), {}),
    "buildspec.yml": (("plan", "--batch", "wave"), {}),
    "states/r/1-of-1.json": (("run",), {"ROLECALL_STATE": "states", "ROLECALL_RUN_ID": "r"}),
    "states/s/1-of-1.json": (("state",), {"ROLECALL_STATE": "states"}),
    "states": (("run",), {"ROLECALL_STATE": "states", "ROLECALL_RUN_ID": "r"}),
    "rolecall-report/report.json": (("run",), {}),
}
# A device that has no end would fill the memory; one that is written to would be gone.
DEVICES = ("node/config", "node/credentials", "rolecall.yml", "node/out.json", "node/1.json")
CASES = [
    *((where, "a named pipe") for where in PLACES),
    *((where, "a device") for where in (*DEVICES, "states/r/1-of-1.json")),
]


def made(path, kind):
    """A pipe, or a device without an end, in a folder of the test's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.mknod(path, kind | 0o600, os.makedev(1, 5) if kind == stat.S_IFCHR else 0)
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize(("where", "what"), CASES)
def test_what_is_no_plain_file_is_refused_unread(rolecall, sts, where, what):
    words, extra = PLACES[where]
    path = rolecall.folder / where
    made(path, KINDS[what])
    named = {"NODE": str(path), "file:NODE": f"file:{path}"}
    done = rolecall(
        *(named.get(word, word) for word in words),
        ROLECALL_COMMANDS="true",
        **{name: named.get(value, value) for name, value in extra.items()},
    )
    assert done.code == 2, done.err
    assert stat.S_IFMT(path.lstat().st_mode) == KINDS[what]
    said = {"states": "cannot be made", "rolecall-report/report.json": "is no plain file"}
    assert said.get(where, f"it is {what}, and no plain file") in done.message
    assert not [call for call in sts.calls if call.action == "AssumeRole"]


@pytest.mark.parametrize("what", KINDS)
def test_what_init_only_looks_at_is_passed_over(rolecall, what):
    for name in ("config", "package.json"):
        made(rolecall.folder / name, KINDS[what])
    done = rolecall(
        "init",
        "--print",
        AWS_CONFIG_FILE=str(rolecall.folder / "config"),
        ROLECALL_TARGETS="",
        AWS_REGION="",
    )
    assert done.code == 0, done.err


def test_a_socket_is_no_plain_file_either(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "node"))
        with pytest.raises(OSError, match="it is a socket, and no plain file"):
            read_plain(tmp_path / "node")


def test_a_plain_file_that_a_pipe_takes_the_place_of_is_not_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("plain")
    plain = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(type(path), "stat", lambda self, **_: plain)
    with pytest.raises(OSError, match="it is a named pipe, and no plain file"):
        read_plain(path)
