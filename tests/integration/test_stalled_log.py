"""A log whose reader stands still, as a paused terminal or a pager does."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from support.command import ROLECALL, TARGETS, until

MUCH = "(while sleep 0.1; do date +%s%N > ticks; done) & seq 1 3000000"
ONE = {"ROLECALL_TARGETS": TARGETS.split()[0], "ROLECALL_GRACE": "0.5s"}


class Stalled:
    """A run whose output nobody reads, which holds it up."""

    def __init__(self, rolecall, **given) -> None:
        self.folder = rolecall.folder
        self.reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [ROLECALL, "run"],
            cwd=rolecall.folder,
            env=rolecall.environ({"ROLECALL_COMMANDS": MUCH, **ONE, **given}),
            stdout=writer,
            stderr=writer,
            start_new_session=True,
        )
        os.close(writer)
        until(lambda: self.tick() and self.full())

    def full(self):
        """Whether nothing comes any more, since nobody has read what has come."""

        def waiting():
            return struct.unpack("i", fcntl.ioctl(self.reader, termios.FIONREAD, b"\0" * 4))[0]

        before = waiting()
        time.sleep(0.5)
        return waiting() == before > 10_000

    def tick(self):
        ticks = self.folder / "ticks"
        return ticks.read_text() if ticks.exists() else ""

    def still(self):
        """Whether what the commands have left running has ended."""
        before = self.tick()
        time.sleep(0.5)
        return self.tick() == before

    def read(self):
        """Reads all that comes, in a thread."""

        def read():
            while os.read(self.reader, 65_536):
                pass

        threading.Thread(target=read, daemon=True).start()

    def report(self):
        return json.loads((self.folder / "rolecall-report/report.json").read_text())


@pytest.fixture
def stalled(rolecall):
    begun = []

    def start(**given):
        begun.append(Stalled(rolecall, **given))
        return begun[-1]

    yield start
    for one in begun:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


def test_what_takes_too_long_is_ended_all_the_same(stalled):
    run = stalled(ROLECALL_TIMEOUT="2s")
    until(run.still)
    assert run.process.poll() is None  # nobody has asked it to lose its log
    run.read()
    assert run.process.wait(30) == 1
    assert run.report()["results"][0]["commands"][0]["reason"] == "timed out: over TIMEOUT, 2.0 s"


def test_a_signal_ends_the_commands_and_soon_the_wait_for_the_log(stalled, rolecall):
    run = stalled()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(30) == 143
    assert run.still()
    assert run.report()["signal"] == signal.SIGTERM
    assert list((rolecall.folder / "tmp").iterdir()) == []


def test_a_second_signal_ends_that_wait_at_once(stalled, rolecall):
    run = stalled(ROLECALL_GRACE="1m")
    run.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    begun = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(30) == 143
    assert time.monotonic() - begun < 20
    assert run.still()
    assert run.report()["results"][0]["status"] == "failed"
    assert list((rolecall.folder / "tmp").iterdir()) == []
