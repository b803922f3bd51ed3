"""The breaker: opens on a run of failures, lets one through now and then, closes on any sign of life."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.breaker import Breaker, BreakerSettings, State

SETTINGS = BreakerSettings(failures=4, few=2, silence=5.0, shortest=1.0, longest=5.0)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(SETTINGS)
    for _ in range(4):
        breaker.missed(now, now, 0.0)
    return breaker


def test_it_opens_after_a_run_of_failures_and_not_before() -> None:
    breaker = Breaker(SETTINGS)
    for _ in range(3):
        breaker.missed(0.0, 0.0, 0.0)
    assert breaker.passes(0.0)
    breaker.missed(0.0, 0.0, 0.0)
    assert not breaker.passes(0.0)


def test_few_failures_suffice_when_nothing_good_was_heard_for_a_while() -> None:
    breaker = Breaker(SETTINGS)
    breaker.missed(0.0, 0.0, 0.0)
    breaker.missed(6.0, 6.0, 0.0)
    assert breaker.state is State.OPEN


def test_an_answer_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(SETTINGS)
    for _ in range(20):
        breaker.missed(0.0, 0.0, 0.0)
        breaker.missed(0.0, 0.0, 0.0)
        breaker.heard(0.0)
    assert breaker.state is State.CLOSED


def test_after_the_pause_one_goes_to_see_and_the_others_wait() -> None:
    breaker = opened()
    assert not breaker.passes(0.9)
    assert breaker.passes(1.0)
    assert not breaker.passes(1.0)


def test_what_the_one_finds_decides_and_pauses_grow() -> None:
    breaker = opened()
    assert breaker.passes(1.0)
    breaker.missed(1.1, 1.1, 0.0)
    assert not breaker.passes(3.0)
    assert breaker.passes(3.1)
    breaker.heard(3.1)
    assert breaker.passes(3.1)
    assert breaker.state is State.CLOSED


def test_the_one_that_is_given_up_makes_room_for_another() -> None:
    breaker = opened()
    assert breaker.passes(1.0)
    breaker.abandoned(1.0)
    assert breaker.passes(1.0)


@pytest.mark.parametrize("looking", [False, True])
def test_answers_to_requests_sent_before_it_opened_change_nothing(*, looking: bool) -> None:
    breaker = opened(10.0)
    if looking:
        assert breaker.passes(11.0)
    state = breaker.state
    breaker.heard(9.0)
    breaker.missed(9.0, 11.5, 0.9)
    assert breaker.state is state
    assert breaker.passes(11.5) is not looking  # the pause is as it was, and so is who goes to see
    breaker.heard(11.0)
    assert breaker.state is State.CLOSED


def test_what_was_asked_before_it_opened_does_not_open_it_again() -> None:
    breaker = opened(10.0)
    assert breaker.passes(11.0)
    breaker.heard(11.0)
    for _ in range(10):
        breaker.missed(9.0, 12.0, 0.0)
    assert breaker.state is State.CLOSED


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1, exclude_max=True)), max_size=200))
def test_while_nothing_answers_fewer_than_one_a_second_go_to_see(story: list[tuple[float, float]]) -> None:
    breaker, now, went = opened(), 0.0, []
    for pause, chance in story:
        now += pause
        if breaker.passes(now):
            went.append(now)
            breaker.missed(now, now, chance)
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(went))
