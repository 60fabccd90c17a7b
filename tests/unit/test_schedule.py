"""The board, case by case as StackSets' documentation describes operations, and the crew."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.crew import Crew
from rolecall.schedule import Board, Policy
from rolecall.settings.amounts import Amount, AmountKind


def policy(parallel="1", tolerated="0", **more):
    kind = AmountKind()
    return Policy(
        parallel=kind.parse(parallel),
        tolerated=None if tolerated is None else kind.parse(tolerated),
        **more,
    )


def board(sizes, how):
    lanes = iter(range(sum(sizes)))
    return Board([[next(lanes) for _ in range(size)] for size in sizes], how)


def begin_all(found):
    """The lanes that begin now."""
    begun = []
    while (lane := found.next()) is not None:
        begun.append(lane)
    return begun


def play(sizes, how, failing):
    """Rounds of lanes that run side by side: each round ends before the next begins."""
    found, rounds = board(sizes, how), []
    while batch := begin_all(found):
        rounds.append(batch)
        for lane in batch:
            found.ended(failed=lane in failing)
    return rounds


ALL_10 = list(range(10))


# Each row: what the documentation says, the policy, the lanes of 10 that fail, and the rounds.
# Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/concurrency-fault-tolerance.html
# and https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
@pytest.mark.parametrize(
    ("how", "failing", "rounds"),
    [
        pytest.param(
            policy(), (), [[n] for n in ALL_10], id="one at a time is the default: a sequence"
        ),
        pytest.param(policy(), (2,), [[0], [1], [2]], id="none may fail by default: it stops"),
        pytest.param(
            policy("4"), (), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], id="MaxConcurrentCount"
        ),
        pytest.param(
            policy("25%"), (), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]],
            id="MaxConcurrentPercentage rounds down",
        ),
        pytest.param(
            policy("5%"), (), [[n] for n in ALL_10],
            id="MaxConcurrentPercentage that rounds down to 0 is 1 instead",
        ),
        pytest.param(policy("100%"), (), [ALL_10], id="a whole wave at once"),
        pytest.param(
            policy("5", "1"), (0,), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="FailureToleranceCount failures do not stop the operation",
        ),
        pytest.param(
            policy("5", "1"), (0, 1), [[0, 1, 2, 3, 4]],
            id="one more than FailureToleranceCount stops it",
        ),
        pytest.param(
            policy("5", "19%"), (0,), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="FailureTolerancePercentage rounds down: 19 % of 10 is 1, and 1 failed",
        ),
        pytest.param(
            policy("5", "19%"), (0, 1), [[0, 1, 2, 3, 4]],
            id="FailureTolerancePercentage rounds down: 19 % of 10 is 1, and 2 failed",
        ),
        pytest.param(
            policy("5", "9%"), (4,), [[0, 1, 2, 3, 4]],
            id="FailureTolerancePercentage may round down to 0",
        ),
        pytest.param(
            policy("10", "4", strict=True), (), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="strict: at first the lower of MaxConcurrent and FailureTolerance + 1",
        ),
        pytest.param(
            policy("2", "4", strict=True), (), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]],
            id="strict: MaxConcurrent where that is the lower",
        ),
        pytest.param(
            policy("10", "4", strict=True), (0, 1), [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]],
            id="strict: failures reduce how many run at once",
        ),
        pytest.param(
            policy("10", "2", strict=True), ALL_10, [[0, 1, 2]],
            id="strict: never more failures than FailureTolerance + 1",
        ),
        pytest.param(
            policy("10", "0", strict=True), (), [[n] for n in ALL_10],
            id="strict: where none may fail, one runs at a time",
        ),
        pytest.param(
            policy("5", "1"), (0, 5), [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="soft: failures do not reduce how many run at once",
        ),
        pytest.param(
            policy("10", "1"), ALL_10, [ALL_10],
            id="soft: as many may fail as run when the tolerance is exceeded",
        ),
        pytest.param(
            policy("5", "100%"), ALL_10, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="all may fail",
        ),
        pytest.param(
            policy("5", None), ALL_10, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
            id="ON_FAILURE=continue goes on whatever fails",
        ),
    ],
)  # fmt: skip
def test_the_tolerance_means_what_stacksets_documentation_says(how, failing, rounds):
    assert play([10], how, failing) == rounds


@pytest.mark.parametrize(
    ("sizes", "how", "failing", "rounds"),
    [
        pytest.param([1, 3], policy("9"), (), [[0], [1, 2, 3]], id="a canary goes first"),
        pytest.param([1, 3], policy("9"), (0,), [[0]], id="a canary that fails is the last"),
        pytest.param(
            [2, 2], policy("9", "1"), (0, 2), [[0, 1], [2, 3]],
            id="in all: each wave within the tolerance, the second exceeds it at its end",
        ),
        pytest.param(
            [2, 2, 2], policy("9", "1"), (0, 2), [[0, 1], [2, 3]],
            id="in all: failures of waves add up",
        ),
        pytest.param(
            [2, 2, 2], policy("9", "1", per_wave=True), (0, 2, 4), [[0, 1], [2, 3], [4, 5]],
            id="per wave: each has the tolerance anew",
        ),
        pytest.param(
            [4, 4], policy("9", "25%", per_wave=True), (0, 4, 5), [[0, 1, 2, 3], [4, 5, 6, 7]],
            id="per wave: shares are of the wave",
        ),
        pytest.param(
            [2, 8], policy("50%"), (), [[0], [1], [2, 3, 4, 5], [6, 7, 8, 9]],
            id="how many at once is a share of the wave",
        ),
        pytest.param([0, 2, 0, 1], policy("2"), (), [[0, 1], [2]], id="empty waves are passed by"),
        pytest.param([], policy(), (), [], id="nothing to do"),
    ],
)  # fmt: skip
def test_a_wave_begins_when_the_one_before_is_done_and_within_its_tolerance(
    sizes, how, failing, rounds
):
    assert play(sizes, how, failing) == rounds


def test_a_wave_waits_for_the_last_of_the_one_before():
    found = board([2, 1], policy("2"))
    assert begin_all(found) == [0, 1]
    found.ended(failed=False)
    assert (begin_all(found), found.more) == ([], True)
    found.ended(failed=False)
    assert (begin_all(found), found.more) == ([2], False)


def test_one_that_ends_makes_room_for_the_next_at_once():
    found = board([4], policy("2"))
    assert begin_all(found) == [0, 1]
    found.ended(failed=False)
    assert begin_all(found) == [2]


def test_a_closed_board_hands_out_nothing():
    found = board([3], policy("1"))
    found.close()
    assert (found.next(), found.more) == (None, False)


POLICIES = st.builds(
    Policy,
    parallel=st.builds(Amount, st.integers(1, 8)),
    tolerated=st.builds(Amount, st.integers(0, 5)),
    strict=st.booleans(),
    per_wave=st.booleans(),
)


@given(
    sizes=st.lists(st.integers(0, 12), max_size=4),
    how=POLICIES,
    chance=st.randoms(use_true_random=False),
)
def test_whatever_comes_the_bounds_hold(sizes, how, chance):
    found, running, failed = board(sizes, how), [], 0
    wave_of = [number for number, size in enumerate(sizes) for _ in range(size)]
    ended = set()
    while True:
        for lane in begin_all(found):
            assert all(wave_of[other] == wave_of[lane] for other in running)
            assert all(other in ended for other in range(lane) if wave_of[other] < wave_of[lane])
            running.append(lane)
        assert len(running) <= how.parallel.number
        if not running:
            break
        lane = running.pop(chance.randrange(len(running)))
        fails = chance.random() < 0.3
        ended.add(lane)
        failed += fails
        found.ended(failed=fails)
    assert found.exceeded or len(ended) == sum(sizes)
    if how.strict and not how.per_wave:
        assert failed <= how.tolerated.number + 1


class Recorded:
    """Work that notes what is asked of it."""

    def __init__(self, do=lambda lane: True) -> None:
        self._do = do
        self.begun, self.times_exceeded = [], 0

    def begin(self, lane):
        self.begun.append(lane)

    def do(self, lane):
        return self._do(lane)

    def exceeded(self):
        self.times_exceeded += 1


def test_a_crew_does_everything_in_order_as_many_at_once_as_may_be():
    gate = threading.Barrier(3)

    def do(lane):
        gate.wait(10)
        return True

    work = Recorded(do)
    Crew(board([6, 3], policy("3")), work).run()
    assert work.begun == list(range(9))


def test_a_crew_says_once_that_too_many_failed_and_begins_no_more():
    work = Recorded(lambda lane: False)
    Crew(board([9], policy("1", "2")), work).run()
    assert (work.begun, work.times_exceeded) == ([0, 1, 2], 1)


def test_what_work_raises_is_raised_once_the_rest_has_been_finished():
    done, both = [], threading.Barrier(2)

    def do(lane):
        both.wait(10)
        if lane == 0:
            raise RuntimeError("boom")
        time.sleep(0.2)
        done.append(lane)
        return True

    work = Recorded(do)
    with pytest.raises(RuntimeError, match="boom"):
        Crew(board([9], policy("2", None)), work).run()
    assert done == [1]


def test_an_amount_is_a_count_or_a_share():
    assert str(AmountKind().parse("12.5%")) == "12.5%"
    assert Amount(10, percent=True).of(25) == 2
    assert Amount(3).of(1) == 3
