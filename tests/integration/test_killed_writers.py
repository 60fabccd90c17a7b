"""The user's own AWS files, under many writers that are killed at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.forms import long
from support.writer import session

TESTS = Path(__file__).parents[1]
# All that the SDKs' shared files may hold beside profiles with keys.
CREDENTIALS = b"""# my accounts
[default]
aws_access_key_id=AKIADEFAULT000000000
aws_secret_access_key = abc  ; not a comment

[other]
 aws_access_key_id : AKIAOTHER00000000000
# the end, without a newline"""
CONFIG = b"""; by hand
[profile "with space"]
s3 =
  max_concurrent_requests = 20
  addressing_style = path

[sso-session corp]
sso_region = eu-central-1
[services local]
dynamodb =
  endpoint_url = http://localhost:8000
"""


@pytest.fixture(params=[b"\n", b"\r\n"], ids=["LF", "CRLF"])
def before(request, tmp_path):
    """What stood in the files, which are in `tmp_path`."""
    found = {
        name: text.replace(b"\n", request.param)
        for name, text in {"config": CONFIG, "credentials": CREDENTIALS}.items()
    }
    for name, text in found.items():
        (tmp_path / name).write_bytes(text)
    return found


def start(folder, number):
    paths = (folder / "config", folder / "credentials", f"p{number}", folder / f"ledger{number}")
    return subprocess.Popen([sys.executable, "-m", "support.writer", *map(str, paths)], cwd=TESTS)


def sections(text):
    """The lines of each section, by its header."""
    found, lines = {}, []
    for line in text.replace("\r\n", "\n").splitlines():
        if line.startswith("["):
            assert line not in found, f"{line} stands there twice"
            lines = found.setdefault(line, [])
        else:
            lines.append(line)
    return found


def finished_by(folder, n):
    """How many profiles a writer has stored and counted."""
    ledger = folder / f"ledger{n}"
    return len(ledger.read_text().splitlines()) if ledger.exists() else 0


@pytest.mark.parametrize("count", [6, long(50)])
def test_writers_that_are_killed_lose_no_byte_of_others_and_nothing_stored(before, tmp_path, count):
    lot = random.Random(4711)
    writers = {start(tmp_path, n): lot.uniform(0.1, count / 8) for n in range(count)}
    # However long so many take to start on a busy machine, they are killed once they store.
    while sum(finished_by(tmp_path, n) for n in range(count)) <= count:
        assert all(writer.poll() is None for writer in writers), "a writer ended by itself"
        time.sleep(0.02)
    begun = time.monotonic()
    for writer, until in sorted(writers.items(), key=lambda one: one[1]):
        time.sleep(max(0, begun + until - time.monotonic()))
        assert writer.poll() is None, "a writer ended by itself"
        writer.send_signal(signal.SIGKILL)
    assert [writer.wait() for writer in writers] == [-signal.SIGKILL] * count

    files = {name: (tmp_path / name).read_bytes() for name in before}
    for name, text in before.items():
        assert files[name].startswith(text)
    stored = sections(files["credentials"].decode())
    listed = sections(files["config"].decode())
    done = 0
    for n in range(count):
        finished = finished_by(tmp_path, n)
        done += finished
        keys = stored.get(f"[p{n}]")
        assert keys or not finished
        if keys:
            assert "region = eu-central-1" in listed[f"[profile p{n}]"]
            # The last that was finished, or one that was killed before it could count it.
            assert keys_of(keys) in (written(finished), written(finished + 1))
    assert done > count

    # No lock is left behind.
    last, ledger = start(tmp_path, count), tmp_path / f"ledger{count}"
    while not (ledger.exists() and ledger.read_text()):
        assert last.poll() is None
        time.sleep(0.01)
    last.kill()
    last.wait()


def keys_of(lines):
    return [line for line in lines if line]


def written(number):
    keys = session(number).credentials
    return [
        f"aws_access_key_id = {keys.access_key_id.reveal()}",
        f"aws_secret_access_key = {keys.secret_access_key.reveal()}",
        f"aws_session_token = {keys.session_token.reveal()}",
    ]


def test_what_a_killed_writer_left_beside_a_file_goes_with_the_next(rolecall, tmp_path):
    left, mine = tmp_path / ".credentials.0123456789abcdef", tmp_path / ".credentials.mine"
    left.write_text("[p]\naws_access_key_id = ASIA\n")
    mine.write_text("a file of the user's")
    done = rolecall(
        "assume",
        "arn:aws:iam::222222222222:role/deploy",
        "client",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
    )
    assert done.code == 0, done.err
    assert not left.exists()
    assert mine.exists()
