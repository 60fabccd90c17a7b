"""The live view: what it knows of a run, and how it fits that to a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import fields

import pytest

from rolecall import wording
from rolecall.report.console import Console
from rolecall.report.frame import Frame
from rolecall.report.live import Live
from rolecall.report.progress import Progress
from rolecall.report.screen import Screen
from rolecall.results import Result, Status
from rolecall.secret import Mask
from rolecall.settings import Settings
from rolecall.settings.amounts import Amount
from rolecall.targets import SessionOptions, Target, arns


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def target(name, *, index=1, wave=1, regions=("eu-west-1",)):
    options = SessionOptions(**{field.name: () for field in fields(SessionOptions)})
    role = arns.parse("arn:aws:iam::222222222222:role/deploy")
    return Target(
        index=index, name=name, role=role, regions=regions, variables=(), session=options, wave=wave
    )


def progress(waves=((1, 6),), **given):
    clock = Clock()
    targets = [target(f"w{wave}t{n}", wave=wave) for wave, size in waves for n in range(size)]
    settings = Settings(**{"max_parallel": Amount(2), **given})
    return Progress(settings, targets, clock), clock


def ended(name, status=Status.SUCCEEDED, region="eu-west-1", reason=""):
    return Result(
        target=name, account_id="", role_arn="", region=region, status=status, reason=reason
    )


def ran(found, clock, name, seconds, status=Status.SUCCEEDED):
    found.start(name, "eu-west-1")
    clock.now += seconds
    found.end(ended(name, status))


def test_the_time_left_is_that_of_those_that_succeeded():
    found, clock = progress()
    assert found.left() is None
    ran(found, clock, "w1t0", 10)
    assert found.left() == 25  # five more, two at once
    found.start("w1t1", "eu-west-1")
    clock.now += 4
    assert found.left() == (6 + 4 * 10) / 2
    clock.now += 60
    assert found.left() == 20  # one that is late is not said to be done before now


def test_the_time_left_is_of_wave_after_wave():
    found, clock = progress(((1, 1), (2, 3)))
    ran(found, clock, "w1t0", 10)
    assert found.left() == 15
    found, clock = progress(((1, 2), (2, 1), (3, 1)))
    ran(found, clock, "w1t0", 10)
    assert found.left() == 30


@pytest.mark.parametrize(
    ("given", "failed", "stopped"),
    [
        ({}, 1, True),
        ({"max_failures": Amount(1)}, 1, False),
        ({"max_failures": Amount(1)}, 2, True),
        ({"max_failures": Amount(50, percent=True), "failures_per": "wave"}, 3, False),
        ({"on_failure": "continue"}, 3, False),
    ],
)
def test_what_will_not_begin_takes_no_time(given, failed, stopped):
    found, clock = progress(**given)
    ran(found, clock, "w1t0", 10)
    for n in range(1, failed + 1):
        ran(found, clock, f"w1t{n}", 1, Status.FAILED)
    assert found.stopped is stopped
    assert (found.left() == 0) is stopped
    text = "\n".join(Frame(found, colour=False).lines(80, 24))
    assert ("nothing more begins" in text) is stopped


def test_regions_that_a_failure_leaves_are_not_waited_for():
    regions = ("eu-west-1", "eu-west-2", "eu-west-3")
    settings = Settings(max_parallel=Amount(2), max_failures=Amount(9))
    found = Progress(settings, [target("a", regions=regions), target("b")], Clock())
    found.start("a", "eu-west-1")
    found.end(ended("a", Status.FAILED))
    assert (found.counts[Status.NOT_RUN], found.done) == (2, 3)
    settings = Settings(max_parallel=Amount(2), region_concurrency="parallel")
    found = Progress(settings, [target("a", regions=regions)], Clock())
    found.start("a", "eu-west-1")
    found.end(ended("a", Status.FAILED))
    assert found.counts[Status.NOT_RUN] == 0


def test_what_succeeded_before_is_done_and_took_no_time():
    found, clock = progress(((1, 3),))
    found.skip([ended("w1t0", Status.SUCCEEDED_BEFORE)])
    clock.now += 9
    assert (found.done, found.elapsed, found.left()) == (1, 0, None)
    ran(found, clock, "w1t1", 4)
    assert (found.elapsed, found.left()) == (4, 4)
    lines = Frame(found, colour=False).lines(80, 24)
    assert lines[1:3] == ["1 waiting  1 succeeded  1 succeeded before", "w1t0  succeeded before"]


@pytest.mark.parametrize("rows", [4, 5, 8, 12, 24, 60, 200])
@pytest.mark.parametrize("columns", [10, 20, 40, 80, 200])
def test_no_line_is_too_wide_and_the_log_keeps_its_place(columns, rows):
    found, clock = progress(((1, 30), (2, 30)), on_failure="continue", max_parallel=Amount(30))
    for n in range(10):
        ran(found, clock, f"w1t{n}", 100, Status.FAILED if n % 2 else Status.SUCCEEDED)
    for n in range(10, 30):
        found.start(f"w1t{n}", "eu-west-1").said = "本番\tlong\x07 line ".encode() * 90
    for colour in (True, False):
        lines = Frame(found, colour=colour).lines(columns, rows)
        plain = [re.sub(r"\033\[\d*m", "", line) for line in lines]
        assert max(map(wording.columns, plain), default=0) < columns
        assert len(lines) <= max(0, rows - 3)
        assert all(line.isprintable() for line in plain)


def test_a_wide_terminal_shows_accounts_and_a_low_one_the_sums():
    found, _ = progress()
    found.start("w1t0", "eu-west-1").said = b"first\r\n  second\r\n"
    lines = Frame(found, colour=False).lines(120, 24)
    assert lines[2] == "w1t0  222222222222  running      0.0 s  second"
    assert lines[3] == "w1t1  222222222222  waiting"
    assert Frame(found, colour=False).lines(80, 5) == [
        "─" * 40 + "  0 of 6 done in 0.0 s",
        "1 running  5 waiting",
    ]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ([b'{\n  "Status": "done"\n}\n'], '"Status": "done"'),
        ([b"  Stack is up\n", b"}\n", b"]\n}\n"], "Stack is up"),
        ([b"up\n\033[32m}\033[0m\n---\n\n"], "up"),
        ([b"50 %\r100 %\r"], "100 %"),
        (["fertig: 本番\n}\n".encode()], "fertig: 本番"),
        ([b"}\n"], "$ make"),
        ([b"", b"\n"], "$ make"),
    ],
)
def test_of_a_command_s_output_the_last_line_that_says_something_is_shown(pieces, shown):
    output = Output()
    with Screen(output, lambda: (80, 24)) as screen:
        view = Live(Console(screen, mask=Mask(), colour=False), screen, colour=False)
        view.planned(Settings(max_parallel=Amount(2)), [target("a"), target("b")], 2)
        listener = view.target_started(target("a"), "eu-west-1")
        listener.command_started(1, 1, "make")
        for piece in pieces:
            listener.output(piece)
        [row] = [line for line in view._lines(80, 24) if line.startswith("a ")]
    assert row.endswith(f" s  {shown}")


def test_the_bar_is_green_and_red_in_parts():
    found, clock = progress(on_failure="continue")
    ran(found, clock, "w1t0", 1, Status.NOT_ASSUMED)
    for n in range(1, 6):
        ran(found, clock, f"w1t{n}", 1)
    bar = Frame(found, colour=True).lines(80, 24)[0]
    assert bar.startswith(
        f"\033[32m{'━' * 33}\033[0m\033[31m{'━' * 7}\033[0m  6 of 6 done in 6.0 s"
    )
    assert "left" not in bar


class Output(io.BytesIO):
    def taken(self):
        data = self.getvalue()
        self.seek(0)
        self.truncate()
        return data


def shown(lines, size=(80, 24)):
    """A screen that draws when it is told to, and not by itself."""
    output = Output()
    screen = Screen(output, lambda: size)
    screen._thread = object()
    screen.show(lambda columns, rows: lines)
    return screen, output


def test_a_region_is_drawn_again_only_where_it_has_changed():
    lines = ["one", "two"]
    screen, output = shown(lines)
    screen._draw()
    assert output.taken().decode() == (
        "\033[?2026h\033[?25l\r\033[0m\033[J\033[0m\033[?7l\r\none\033[0m\r\ntwo\033[0m\r\033[2A"
        "\033[?7h\033[?25h\033[?2026l"
    )
    screen._draw()
    assert output.taken() == b""
    lines[0] = "ONE"
    screen._draw()
    assert b"ONE" in output.taken()


def test_output_is_written_whole_lines_at_a_time_in_place_of_the_region():
    screen, output = shown(["one"])
    screen._draw()
    output.taken()
    screen.write(b"a line\nhalf")
    screen.write("\udcff\N{SNOWMAN}".encode(errors="replace"))
    assert output.taken() == b""
    screen._draw()
    assert b"\r\033[0m\033[Ja line\n\033[0m" in output.taken()
    screen.write(b" of it\n" + b"x" * 70_000 + b"\n")
    data = output.taken()
    assert data.startswith(b"\r\033[0m\033[Jhalf?")
    assert data.endswith(b"x\n")


def test_a_terminal_that_is_too_low_has_no_region():
    screen, output = shown(["one", "two"], size=(80, 2))
    screen.write(b"a\n")
    screen._draw()
    assert output.taken() == b"a\n"


def test_the_view_tells_the_console_and_takes_the_region_away_for_what_runs_alone():
    output = Output()
    with Screen(output, lambda: (80, 24)) as screen:
        view = Live(Console(screen, mask=Mask(), colour=False), screen, colour=False)
        targets = [target("a"), target("b")]
        view.planned(Settings(max_parallel=Amount(2)), targets, 2)
        listener = view.target_started(targets[0], "eu-west-1")
        listener.output(b"\n")
        listener.still_running(60)
        view.once_started("after").output(b"alone, and \033[2J is its own")
        assert output.taken().endswith(b"\nalone, and \033[2J is its own")
        # rolecall itself may fail before a target is known to have begun.
        view.target_ended(ended("b"))
        assert b"--- b succeeded" in output.taken()
