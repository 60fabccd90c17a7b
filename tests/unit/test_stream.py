"""Output on its way: marks, masks, lines that are slow to end, and the minute's word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rolecall.commands import run as running
from rolecall.commands.process import Ended
from rolecall.commands.stream import LONGEST_LINE, Echo, Stream
from rolecall.results import Status
from rolecall.secret import Mask, Secret
from rolecall.settings.documents import Commands

SECRET = b"s3cr3t/key+value"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def stream(heard):
    return Stream(
        mask=Mask([Secret(SECRET.decode())]),
        emit=heard.append,
        mark=re.compile(rb"\x1eword:(start|end):(\d+):(\d+)\x1e"),
        on_mark=lambda *mark: heard.append(mark),
    )


@pytest.mark.parametrize("cut", range(1, len(SECRET) + 6))
@pytest.mark.parametrize("flushed", [True, False])
def test_a_secret_is_masked_wherever_it_is_cut(stream, heard, cut, flushed):
    data = b"pre " + SECRET + b" post"
    stream.feed(data[:cut])
    if flushed:
        stream.flush()
    stream.feed(data[cut:])
    stream.close()
    assert b"".join(heard) == b"pre *** post\n"


def test_marks_are_taken_out_in_order(stream, heard):
    stream.feed(b"\x1eword:start:0:0\x1eone\ntwo\x1eword:end:0:7\x1e\x1eword:start:1:0\x1ethree")
    stream.close()
    assert heard == [
        (b"start", 0, 0),
        b"one\ntwo\n",
        (b"end", 0, 7),
        (b"start", 1, 0),
        b"three\n",
    ]


def test_a_mark_that_is_cut_is_not_shown(stream, heard):
    stream.feed(b"one\x1eword:e")
    stream.flush()
    stream.feed(b"nd:0:0\x1e")
    assert heard == [b"one", b"\n", (b"end", 0, 0)]


def test_what_only_looks_like_a_mark_passes(stream, heard):
    stream.feed(b"\x1eother:end:0:0\x1e\n")
    assert heard == [b"\x1eother:end:0:0\x1e\n"]


def test_a_line_without_end_is_not_held_for_ever(stream, heard):
    stream.feed(b"x" * (LONGEST_LINE + 1))
    assert sum(map(len, heard)) == LONGEST_LINE + 1


def test_the_tail_has_the_last_lines(stream):
    stream.feed(b"".join(b"%d\n" % n for n in range(100)) + b"x" * 600 + b"\n")
    tail = stream.tail()
    assert (len(tail), tail[0], len(tail[-1])) == (20, "81", 500)
    stream.forget_tail()
    assert stream.tail() == ()


class Listener:
    def __init__(self) -> None:
        self.heard = []

    def command_started(self, number, count, command):
        self.heard.append(("started", number))

    def output(self, data):
        self.heard.append(data)

    def still_running(self, elapsed):
        self.heard.append("still running")

    def command_ended(self, number, count, result):
        self.heard.append(("ended", number, result.status))


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def tracker(listener):
    plan = running.Plan(
        commands=Commands(("a", "b"), listed=True),
        shell=("sh",),
        folder=Path(),
        timeout=0,
        command_timeout=0,
        grace=0,
    )
    tracker = running._Tracker(plan, listener)
    tracker.stream = Stream(mask=Mask(), emit=tracker.output, mark=None, on_mark=tracker.on_mark)
    return tracker


def test_a_silent_command_gets_a_word_each_minute(tracker, listener, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(running.time, "monotonic", lambda: now[0])
    tracker.started(0)
    for minutes in (0.5, 0.9, 1.1, 1.2, 2.1):
        now[0] = 1000 + minutes * 60
        tracker.on_idle(1)
    assert listener.heard.count("still running") == 2
    tracker.output(b"x")
    tracker.on_idle(1)
    assert listener.heard.count("still running") == 2


def test_a_shell_that_ends_before_its_first_command_fails_it(tracker):
    first, second = tracker.finish(Ended(exit_code=2))
    assert (first.status, first.exit_code) == (Status.FAILED, 2)
    assert (second.status, second.reason) == (Status.NOT_RUN, "a command before it failed")


def test_a_limit_between_two_commands_fails_the_last_that_ran(tracker):
    tracker.on_mark(b"start", 0, 0)
    tracker.on_mark(b"end", 0, 0)
    tracker.on_mark(b"end", 5, 0)
    first, second = tracker.finish(Ended(exit_code=-15, reason="interrupted"))
    assert (first.status, first.reason) == (Status.FAILED, "interrupted")
    assert second.status is Status.NOT_RUN


def echo(*secrets):
    shown = []
    made = Echo(
        mask=Mask(map(Secret, secrets)), emit=shown.append, mark=None, on_mark=lambda *_: None
    )
    return made, shown


def test_a_terminal_shows_what_comes_at_once():
    made, shown = echo("topsecret0")
    for piece in (b"pass", b"word: ", b"a"):
        made.feed(piece)
    assert shown == [b"pass", b"word: ", b"a"]


def test_at_a_terminal_a_key_that_begins_a_secret_shows_after_a_moment():
    made, shown = echo("topsecret0")
    made.feed(b"x to")
    assert shown == [b"x "]
    made.flush()
    made.feed(b"day\n")
    assert shown == [b"x ", b"to", b"day\n"]


def test_at_a_terminal_the_rest_of_a_secret_that_is_slow_to_come_is_hidden():
    made, shown = echo("topsecret0")
    for piece in (b"to", b"p", b"secret0", b" and more"):
        made.feed(piece)
        made.flush()
    assert b"".join(shown) == b"top*** and more"


@pytest.mark.parametrize("size", [1, 3, 5, 9, 40])
def test_at_a_terminal_no_secret_is_shown_however_it_comes(size):
    made, shown = echo("topsecret0", "topsecret-other")
    data = b"a topsecret0 and topsecret-other, tops and topsecret0"
    for begin in range(0, len(data), size):
        made.feed(data[begin : begin + size])
    made.close()
    assert b"".join(shown) == b"a *** and ***, tops and ***"


def test_at_a_terminal_much_of_a_secret_waits_for_its_rest():
    made, shown = echo("topsecret0")
    made.feed(b"topse")
    made.flush()
    assert shown == []
    made.close()
    assert shown == [b"topse"]
