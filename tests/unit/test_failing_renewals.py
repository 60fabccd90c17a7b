"""Renewals that fail: how often they are tried, and what is said of them."""

from __future__ import annotations

import io
import json
import re
from itertools import pairwise

import pytest

from rolecall import logs
from rolecall.errors import AssumeError
from rolecall.secret import Mask, Secret
from rolecall.sessions.alarms import Alarms
from rolecall.sessions.refresher import _SHORTEST_PAUSE, Refresher, _ClosedError
from rolecall.sessions.session import Credentials, Session


def session(now):
    keys = Credentials(
        access_key_id=Secret("ASIA0"), secret_access_key=Secret("s"), session_token=Secret("t")
    )
    return Session(
        account_id="222222222222", assumed_role_arn="", credentials=keys, lifetime=3600.0,
        deadline=now + 3600.0,
    )  # fmt: skip


class Clocked(Refresher):
    """Sleeps on a clock of its own, until a time."""

    def __init__(self, *, until, answers) -> None:
        self.now, self._until, self.tried = 0.0, until, []
        self._answers = list(answers)
        super().__init__(
            session(0.0), assume=self._asked, use=lambda session: None, name="dev",
            alarms=Alarms(), monotonic=lambda: self.now,
        )  # fmt: skip

    def _asked(self, sleep):
        self.tried.append(self.now)
        logs.Log().warning("retry", call="AssumeRole")
        if self._answers and self._answers.pop(0):
            return session(self.now)
        raise AssumeError("ExpiredToken", "ExpiredToken: it has run out", "sign in again")

    def _sleep(self, seconds):
        self.now += max(0.0, seconds)
        if self.now > self._until:
            raise _ClosedError

    def ran(self):
        stream = io.StringIO()
        logs.configure(stream=stream, json=True, level="debug", mask=Mask())
        self.now = 1800.0
        self._run()
        return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_end_of_a_session_is_said_once_and_the_renewal_tried_each_minute_at_most():
    refresher = Clocked(until=7200.0, answers=[])
    events = refresher.ran()
    ended = [at for at in refresher.tried if at >= 3600]
    apart = [later - at - _SHORTEST_PAUSE for at, later in pairwise(ended)]
    assert apart[:6] == pytest.approx([2, 4, 8, 16, 32, 60])
    assert apart[6:] == pytest.approx([60] * len(apart[6:]))
    assert len(apart) > 50
    names = [event["event"] for event in events]
    assert names.count("session_ended") == 1
    assert names[-2:] == ["retry", "session_ended"]
    assert events[-1]["reason"] == "ExpiredToken: it has run out"
    assert events[-1]["remedy"] == "sign in again"


def test_a_renewal_that_fails_is_tried_again_more_often_the_less_time_is_left():
    failed = [e for e in Clocked(until=3599.0, answers=[]).ran() if e["event"] == "renewal_failed"]
    assert [event["again_in"] for event in failed][:1] == [60.0]
    assert failed[-1]["again_in"] == 1.0
    assert all(re.fullmatch(r"\d+\.\d", str(event["again_in"])) for event in failed)
    assert all(event["seconds_left"] > 0 for event in failed)


def test_what_is_renewed_after_its_end_is_told_anew_when_that_ends():
    before = Clocked(until=3700.0, answers=[])
    before.ran()
    answers = [False] * len(before.tried) + [True]
    events = Clocked(until=9000.0, answers=answers).ran()
    names = [event["event"] for event in events]
    assert names.count("session_ended") == 2
    assert names.count("session_renewed") == 1
    assert "renewal_failed" in names[names.index("session_renewed") :]


def test_nothing_is_said_while_it_is_hushed_and_all_after():
    stream = io.StringIO()
    logs.configure(stream=stream, json=False, level="info", mask=Mask())
    with logs.hushed():
        logs.Log().warning("unheard")
    logs.Log().warning("heard")
    assert stream.getvalue() == "warning: heard\n"


def test_quotes_within_quotes_are_told_apart_in_the_log_for_people():
    stream = io.StringIO()
    logs.configure(stream=stream, json=False, level="info", mask=Mask())
    logs.Log().warning("said", reason='URL: "http://x/"', path="a\\b c", plain="a\\b", one='"')
    assert stream.getvalue() == (
        'warning: said: reason="URL: \\"http://x/\\"" path="a\\\\b c" plain=a\\b one="\\""\n'
    )
