"""The limiter's arithmetic: bounds that hold whatever comes, and each rule by itself."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.costs import Work
from engine.outbound.limiter import Limiter, LimiterSettings, Sample

WORK = Work("jp2", 0.2)
STORY = st.lists(
    st.tuples(
        st.sampled_from(["served", "overloaded", "wait"]),
        st.floats(0.001, 100),  # seconds that pass
        st.floats(0.0001, 1000),  # seconds that the request took
        st.sampled_from(["jp2", "jpeg", "png"]),
    ),
    max_size=150,
)


def limiter(**settings: float) -> Limiter:
    return Limiter(LimiterSettings(**settings), 1000.0, random.Random(1).random)


def serve(one: Limiter, count: int, took: float, now: float = 1001.0, level: float = 1.0) -> float:
    """So many requests in a row, each of which takes as long; when the last has ended."""
    for _ in range(count):
        one.served(Sample(WORK, now, now + took, level))
        now += took
    return now


@given(STORY)
def test_whatever_happens_the_limit_stays_in_its_bounds_and_waits_are_no_less_than_zero(
    story: list[tuple[str, float, float, str]],
) -> None:
    one, now, in_flight = limiter(most=64.0), 1000.0, 0
    for what, passes, took, kind in story:
        now += passes
        pause = one.wait(in_flight, now)
        assert pause >= 0
        if pause == 0:
            in_flight += 1
            assert 0 < one.sent(in_flight) <= max(in_flight, 1)
        if what == "served":
            one.served(Sample(Work(kind, 0.1), now - took, now, max(in_flight, 1)))
        elif what == "overloaded":
            one.overloaded(now - took, now)
        if in_flight and what != "wait":
            in_flight -= 1
        assert 1 / 1024 <= one.limit <= 64
        assert math.isfinite(one.slowdown)


@given(st.integers(0, 400), st.floats(1000, 1e6))
def test_no_more_are_let_in_than_the_limit_says(in_flight: int, now: float) -> None:
    one = limiter(start=3.7)
    assert (one.wait(in_flight, now) == 0) == (in_flight < 3)


@given(st.floats(0.01, 10))
def test_a_server_that_is_idle_is_never_waited_for_in_vain(now: float) -> None:
    assert limiter(start=0.25).wait(0, 1000 + now) == 0.0


def test_while_requests_take_no_longer_the_limit_doubles_each_round() -> None:
    one, now, limits = limiter(), 1001.0, []
    for _ in range(5):
        now = serve(one, max(3, int(one.limit)), 0.2, now, level=one.limit)
        limits.append(one.limit)
    assert limits == [2, 4, 8, 16, 32]


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    one = limiter(start=8.0)
    serve(one, 500, 0.2, level=2.0)
    assert one.limit == 8


def test_a_slowdown_shrinks_the_limit_to_what_is_worked_on() -> None:
    one = limiter()
    now = 1001.0
    for level in (1, 2, 4, 8):
        now = serve(one, max(3, level), 0.2, now, level=level)
    assert one.limit == 16
    serve(one, 4, 0.8, now, level=16)  # four times as long: a quarter of sixteen is worked on
    assert one.limit == pytest.approx(0.6 * 16)  # no further in one step
    for _ in range(3):
        now = serve(one, 4, 0.2 * max(one.limit / 4, 1), now + 10, level=one.limit)
    assert 4 <= one.limit <= 8


def test_work_is_measured_against_its_prediction_so_large_images_are_no_congestion() -> None:
    one, now = limiter(), 1001.0
    for number in range(60):
        work = Work("jp2", 0.1) if number % 2 else Work("jpeg", 3.0)
        one.served(Sample(work, now, now + work.cost, one.limit))
        now += work.cost / one.limit
    assert one.limit >= 16


def test_a_request_may_take_longer_where_their_times_scatter() -> None:
    even, wide, chance = limiter(), limiter(), random.Random(1)
    assert even.longest(WORK) == 0
    for _ in range(60):
        even.served(Sample(WORK, 1001.0, 1001.2, 1.0))
        wide.served(Sample(WORK, 1001.0, 1001.0 + 0.2 * chance.lognormvariate(0, 0.8), 1.0))
    assert even.longest(WORK) == pytest.approx(6 * even.expected(WORK))
    assert wide.longest(WORK) >= 9 * wide.expected(WORK)


def test_below_one_requests_are_spaced_by_what_they_take() -> None:
    one = limiter(start=0.25)
    one.served(Sample(WORK, 1001.0, 1001.4, 0.25))
    assert one.wait(1, 1001.4) == math.inf
    assert one.wait(0, 1001.4) == pytest.approx(0.4 / 0.25 - 0.4, abs=0.01)
    assert one.wait(0, 1002.7) == 0


def test_nobody_is_shut_out_for_longer_than_a_minute() -> None:
    one = limiter(start=1 / 1024, calm_every=1e6)
    one.served(Sample(WORK, 1001.0, 1011.0, 1 / 1024))
    assert one.wait(0, 1011.0) == pytest.approx(50.0)
    assert one.wait(0, 1061.1) == 0


def test_one_fault_cuts_and_a_second_of_the_same_flight_halves() -> None:
    one = limiter(start=16.0)
    one.overloaded(1001.0, 1002.0)
    assert one.limit == 12
    one.overloaded(1001.5, 1002.1)
    assert one.limit == 8
    one.overloaded(1001.6, 1002.2)
    assert one.limit == 8


def test_a_cut_that_did_not_help_is_taken_back_and_such_faults_are_forgiven() -> None:
    one, now = limiter(start=16.0), 1001.0
    for _ in range(10):
        now = serve(one, 4, 0.2, now, level=1.0)
        one.overloaded(now - 0.01, now)
    assert one.limit >= 16
    before = one.limit
    one.overloaded(now, now + 0.01)
    assert one.limit == before


def test_a_server_that_was_away_is_not_taken_for_a_small_one() -> None:
    one = limiter(start=16.0)
    for step in range(12):
        one.overloaded(1001.0 + step, 1001.5 + step)
    cut = one.limit
    assert cut < 5
    one.suspend()
    assert one.limit >= cut


def test_at_the_full_interval_all_hold_back_and_go_on_when_it_is_over() -> None:
    one = limiter(start=8.0, most=8.0)
    now = serve(one, 40, 0.2, level=8.0)
    while now % 20 > 0.2:
        now = serve(one, 1, 0.19, now, level=8.0)
    assert math.isfinite(one.wait(3, now))  # nothing is sent while some are out
    assert one.wait(3, now) > 0
    assert one.wait(0, now + 0.4) == 0
    assert one.wait(7, now + 0.4) > 0  # few, in the calm moment
    assert one.wait(7, now + 5) == 0


@pytest.mark.parametrize(
    "settings", [{"start": 0.0}, {"least": 2.0}, {"most": 0.5}, {"margin": 0.9}, {"gain": 0.0}, {"calm_every": 0.0}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        LimiterSettings(**settings)
