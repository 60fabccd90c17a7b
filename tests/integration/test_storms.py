"""An STS that throttles many targets, by lot or above a rate."""

from __future__ import annotations

import random
import time
from bisect import bisect_left

import pytest

from support import answers
from support.forms import long

# At 40 calls a second, 300 roles at 10 calls each take over a minute.
pytestmark = pytest.mark.timeout(300)


def at_once(many):
    """The variables of a run of so many targets."""
    roles = (f"arn:aws:iam::{n:012}:role/deploy" for n in range(1, many + 1))
    return {
        "ROLECALL_TARGETS": "\n".join(roles),
        "ROLECALL_COMMANDS": "true",
        "ROLECALL_MAX_PARALLEL": "16",
    }


class Throttle:
    """Judges calls, and counts those for a role that it refuses: they are made again."""

    def __init__(self, takes) -> None:
        self._takes, self.refused = takes, 0

    def judge(self, call):
        if self._takes(call):
            return None
        self.refused += call.action == "AssumeRole"
        return answers.THROTTLE


def by_lot(share):
    """Refuses that share of the calls."""
    draw = random.Random(4711)
    return Throttle(lambda call: draw.random() >= share)


def above(rate, size):
    """Refuses as AWS does: each call takes a token from a bucket that is filled at a rate."""
    tokens, filled_at = float(size), time.monotonic()

    def takes(call):
        nonlocal tokens, filled_at
        tokens = min(size, tokens + (call.at - filled_at) * rate)
        filled_at = call.at
        if tokens < 1:
            return False
        tokens -= 1
        return True

    return Throttle(takes)


def most_within(calls, seconds):
    """The most calls that came within so many seconds."""
    times = sorted(call.at for call in calls)
    return max(bisect_left(times, at + seconds) - place for place, at in enumerate(times))


@pytest.mark.parametrize(("share", "many"), [(0.5, 100), long(0.5, 300), long(0.9, 300)])
def test_a_storm_of_throttling_is_sat_out_politely(rolecall, sts, share, many):
    storm = by_lot(share)
    sts.judge = storm.judge
    process = rolecall.start("run", **at_once(many))
    done = rolecall.finish(process, within=240)
    assert done.code == 0, done.out[-2000:]
    assert done.statuses == ["succeeded"] * many
    # No call is made but those that are granted, and those that are refused and made again.
    calls = sts.assumed()
    assert len(calls) == many + storm.refused
    # 40 a second in the long run; before the first refusal nothing holds them back.
    assert most_within(calls[50:], 2.0) < 1.6 * 80
    # Each target is named when it is first throttled, then every ten seconds of its waiting.
    assert many * share / 2 < done.out.count("warning: retry") < 2 * many


@pytest.mark.parametrize("many", [100, long(300)])
def test_calls_settle_near_what_sts_allows(rolecall, sts, many):
    storm = above(rate=25, size=20)
    sts.judge = storm.judge
    done = rolecall("run", **at_once(many))
    assert done.code == 0, done.out[-2000:]
    assert storm.refused < many


def test_a_throttled_preflight_tells_that_it_goes_on(rolecall, sts):
    sts.judge = by_lot(1).judge
    done = rolecall.run("true", ROLECALL_RETRY_MAX_WAIT="12s", ROLECALL_MAX_PARALLEL="3")
    assert done.code == 4
    assert done.out.count("warning: retry") == 6
    assert "Throttling: Rate exceeded (tried " in done.out
