"""Whether process 1 tells what rolecall keeps to itself."""

from __future__ import annotations

import os

import pytest

from rolecall.cli.dumps import told_by_first

SECRET = {"AWS_SECRET_ACCESS_KEY": "some+secret/key0000000000000000000000000"}


@pytest.fixture
def first(tmp_path):
    """What the kernel shows of a process that was started with some variables."""

    def _first(*lines):
        (tmp_path / "environ").write_bytes(b"".join(line + b"\0" for line in lines))
        (tmp_path / "comm").write_bytes(b"docker-init\n")
        return tmp_path

    return _first


def line(variables):
    ((name, value),) = variables.items()
    return os.fsencode(f"{name}={value}")


def test_one_that_was_started_with_a_secret_of_ours_is_named(first):
    assert told_by_first(SECRET, first(b"PATH=/bin", b"\xff=\xff", line(SECRET))) == "docker-init"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SECRET, b"AWS_SECRET_ACCESS_KEY=another"),
        (SECRET, b"PATH=/bin"),
        ({"PATH": "/bin"}, b"PATH=/bin"),
        ({"AWS_REGION": "eu-central-1"}, line(SECRET)),
    ],
)
def test_one_that_has_none_of_ours_is_not(first, ours, theirs):
    assert told_by_first(ours, first(theirs)) == ""


def test_nor_is_one_that_nobody_may_look_into(tmp_path):
    assert told_by_first(SECRET, tmp_path / "not there") == ""
