"""The leaves: wording, secrets, results, files, stop, logs, errors."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import time

import pytest

from rolecall import errors, files, logs, results, wording
from rolecall.results import CommandResult, Outcome, Result, Status
from rolecall.secret import Mask, Secret
from rolecall.stop import Stop, awaited, in_thread


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (61, "1 m 01 s"), (3725, "1 h 02 m")],
)
def test_times_are_read_at_a_glance(value, text):
    assert wording.seconds(value) == text


def test_a_time_is_shown_as_it_is_when_it_is_read_from_a_report():
    for value in (2.9496, 2.94999, 59.4996, 0.0499):
        assert wording.seconds(value) == wording.seconds(round(value, 3))


def test_numbers_have_their_noun():
    assert wording.count(1, "target") == "1 target"
    assert wording.count(2000, "entry", "entries") == "2,000 entries"


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("other")
    assert len({secret, Secret("hunter2")}) == 1


def test_a_mask_hides_the_longest_first():
    mask = Mask([Secret("abcdef"), Secret("abcdefghi"), Secret("")])
    assert mask.apply(b"abcdefghi abcdef x") == b"*** *** x"
    assert mask.also([Secret("xxxxxx")]).apply(b"abcdef xxxxxx") == b"*** ***"
    assert mask.apply(b"x") == b"x"
    assert mask.text("abcdef and ASIAABCDEFGHIJKLMNOP") == "*** and ***"


def test_a_mask_knows_what_may_be_the_beginning_of_a_secret():
    mask = Mask([Secret("secret")])
    assert mask.overlap(b"a sec") == 3
    assert mask.overlap(b"a") == 0
    assert Mask().overlap(b"a") == 0


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "exit code 3"),
        (137, "exit code 137 (SIGKILL)"),
        (255, "exit code 255"),
        (-15, "killed by SIGTERM"),
        (-99, "killed by signal 99"),
    ],
)
def test_an_exit_code_is_told_in_words(code, text):
    assert results.exit_reason(code) == text


def result(status, name="a"):
    return Result(target=name, account_id="", role_arn="", region="", status=status)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(results=(result(Status.SUCCEEDED),)), 0),
        (Outcome(results=(result(Status.FAILED), result(Status.NOT_ASSUMED))), 1),
        (Outcome(results=(result(Status.NOT_RUN), result(Status.NOT_ASSUMED))), 4),
        (Outcome(results=(result(Status.SUCCEEDED),), after=result(Status.FAILED)), 1),
        (Outcome(results=(result(Status.FAILED),), signal_number=2), 130),
        (Outcome(results=(), signal_number=2, bug="x"), 70),
    ],
)
def test_the_gravest_thing_decides_the_exit_code(outcome, code):
    assert outcome.exit_code == code


def test_the_failed_command_of_a_result_is_found():
    failed = CommandResult(command="x", status=Status.FAILED)
    one = Result(
        target="",
        account_id="",
        role_arn="",
        region="",
        status=Status.FAILED,
        commands=(CommandResult(command="y", status=Status.SUCCEEDED), failed),
    )
    assert one.failed_command is failed
    assert result(Status.FAILED).failed_command is None


def test_errors_have_their_codes_and_name_each_problem_once():
    problem = errors.Problem("X", "is wrong")
    assert str(errors.ConfigError([problem, problem])) == "X: is wrong"
    assert errors.InterruptedRunError(15).exit_code == 143
    assert str(errors.AssumeError("c", "reason", "remedy")) == "reason\nremedy"
    assert str(errors.AssumeError("c", "reason")) == "reason"


def test_a_file_is_replaced_whole_with_its_mode(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    os.umask(0o077)
    files.write_atomically(path, b"new", mode=0o644)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_symlink_is_not_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(errors.FileError, match="symbolic link"):
        files.write_atomically(tmp_path / "link", b"x")
    assert not (tmp_path / "real").exists()


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "folder" / "x").mkdir(parents=True)
    with pytest.raises(errors.FileError, match="cannot be written: Is a directory"):
        files.write_atomically(tmp_path / "folder", b"x")
    with pytest.raises(errors.FileError, match="cannot be written: No such file"):
        files.write_atomically(tmp_path / "none" / "x", b"x")
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.FileError, match="cannot be made"):
        files.make_folder(tmp_path / "file" / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.timeout(20)
def test_a_request_waits_for_no_lock_that_the_interrupted_thread_may_hold():
    with Stop() as stop:
        with stop._event._cond:
            stop.request(signal.SIGTERM)
        with pytest.raises(errors.InterruptedRunError):
            stop.sleep(30)


def test_a_sleeper_hears_of_a_stop_where_no_thread_can_be_had(monkeypatch):
    def refused(*args):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refused)
    with Stop() as stop:
        signal.signal(signal.SIGALRM, lambda number, frame: stop.request(number))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(errors.InterruptedRunError):
            stop.sleep(30)


def test_a_timeout_of_what_is_waited_for_is_its_own():
    def slow():
        time.sleep(0.2)
        raise TimeoutError("of the file system")

    with Stop() as stop, pytest.raises(TimeoutError, match="of the file system"):
        stop.run(slow)
    with pytest.raises(TimeoutError, match="of the file system"):
        awaited(in_thread(slow))


def test_a_stop_wakes_what_sleeps():
    with Stop() as stop:
        stop.sleep(0.01)
        stop.check()
        signal.signal(signal.SIGALRM, lambda number, frame: stop.request(number))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        begun = time.monotonic()
        with pytest.raises(errors.InterruptedRunError):
            stop.sleep(30)
        assert time.monotonic() - begun < 5
        assert not stop.urgent
        stop.request(2)
        assert (stop.urgent, stop.signal_number) == (True, signal.SIGALRM)


def test_a_part_does_not_hear_of_a_signal_before_the_whole(monkeypatch):
    seen = []
    with Stop() as stop, stop.child() as child:
        monkeypatch.setattr(child, "request", lambda number, reason: seen.append(stop.requested))
        stop.request(signal.SIGTERM)
    assert seen == [True]


def test_log_lines_hide_what_the_mask_knows():
    stream = io.StringIO()
    logs.configure(stream=stream, json=True, level="info", mask=Mask([Secret("hunter2")]))
    log = logs.Log()
    log.debug("quiet")
    log.info("said", a="x hunter2", b=Secret("hunter2"), c=["hunter2", 1], d={"hunter2": ("x",)})
    event = json.loads(stream.getvalue())
    assert event["a"] == "x ***"
    assert (event["b"], event["c"], event["d"]) == ("***", ["***", 1], {"***": ["x"]})
    assert event["level"] == "info"


def test_log_lines_for_people_are_words():
    stream = io.StringIO()
    logs.configure(stream=stream, json=False, level="warning", mask=Mask())
    logs.Log().warning("retry", call="a b", attempt=1, empty="")
    logs.Log().warning("plain")
    assert stream.getvalue() == 'warning: retry: call="a b" attempt=1 empty=""\nwarning: plain\n'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "as it is, é 本番 \N{ZERO WIDTH JOINER}\n\ttoo",
            "as it is, é 本番 \N{ZERO WIDTH JOINER}\n\ttoo",
        ),
        ("a\x1b[2J\x1b[1;1Hb\x1b]0;title\x07c\x1b[31md", "abcd"),
        ("a\x1b]8;;https://x\x1b\\b\x1bMc", "abc"),
        ("a\x1bc \x9b2J \x00 \r \x08 \x7f", "a\\x1bc \\x9b2J \\x00 \\r \\x08 \\x7f"),
        ("\x1b\x1b[31m[2J", "\\x1b[2J"),
        ("\u202eevil\u2066 \u2028", "\\u202eevil\\u2066 \\u2028"),
    ],
)
def test_nothing_that_steers_a_terminal_is_left_in_what_rolecall_says(text, shown):
    assert wording.harmless(text) == shown


def test_colours_may_stay_and_nothing_else_that_steers():
    painted = "\x1b[1;31mred\x1b[0m \x1b[38;5;200mpink\x1b[m"
    assert wording.harmless(painted, colours=True) == painted
    assert wording.harmless(f"{painted}\x1b[K\x1b[8m\x1bc", colours=True) == f"{painted}\\x1bc"
    long = "\x1b[" + "1" * 50_000
    assert wording.harmless(long, colours=True) == long.replace("\x1b", "\\x1b")
