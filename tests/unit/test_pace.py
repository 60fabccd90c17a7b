"""sessions/pace.py, on a clock of the tests' own."""

from __future__ import annotations

import pytest

from rolecall.sessions.pace import Pace


class Clock:
    now = 100.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    """Where the lot falls in the middle each time."""
    return Pace(0.1, monotonic=lambda: clock.now, uniform=lambda least, most: (least + most) / 2)


def refuse(pace, clock, times):
    for _ in range(times):
        clock.now += 1
        pace.refused()


def test_calls_wait_for_nothing_while_none_is_refused(pace):
    pace.passed()
    assert [pace.turn(), pace.turn()] == [0, 0]


def test_turns_are_a_gap_apart_once_one_was_refused(pace):
    pace.refused()
    assert [pace.turn() for _ in range(3)] == pytest.approx([0.005, 0.010, 0.015])


def test_the_gap_doubles_with_each_refusal_up_to_the_longest(pace, clock):
    gaps = []
    for _ in range(7):
        refuse(pace, clock, 1)
        gaps.append(pace.turn())
    assert gaps == pytest.approx([0.005, 0.01, 0.02, 0.04, 0.08, 0.1, 0.1])


def test_refusals_of_calls_that_were_under_way_together_count_once(pace, clock):
    refuse(pace, clock, 1)
    for _ in range(8):
        pace.refused()
    assert pace.turn() == pytest.approx(0.005)


def test_calls_that_pass_narrow_the_gap_until_there_is_none(pace, clock):
    refuse(pace, clock, 2)
    turns = []
    for _ in range(14):
        clock.now += 1
        pace.passed()
        turns.append(pace.turn())
    assert turns == pytest.approx([0.01 * 0.9**n for n in range(1, 14)] + [0])


def test_a_turn_that_nobody_took_is_not_made_up_for(pace, clock):
    refuse(pace, clock, 1)
    pace.turn()
    clock.now += 60
    assert [pace.turn(), pace.turn()] == pytest.approx([0.005, 0.010])


def test_turns_are_drawn_by_lot(clock):
    asked = []
    pace = Pace(
        0.1,
        monotonic=lambda: clock.now,
        uniform=lambda least, most: asked.append((least, most)) or 0,
    )
    refuse(pace, clock, 1)
    pace.turn()
    assert asked == [(0, pytest.approx(0.01))]
