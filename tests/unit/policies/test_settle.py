"""SETTLE: every outcome, every attempt, first and last receive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.backoff import LONGEST, PATIENCE, SHORTEST
from policies.outcome import Busy, Ingested, Outcome, Redelivered, Refused, Retry, Stored, Superseded, Unreadable
from policies.reasons import CLAIMED_ELSEWHERE, REQUEST_NOT_JSON, Blame, Fate, Kind
from policies.settle import Delay, Delete, HttpAnswer, Leave, Record, Resend, Settlement, settle
from tests.unit.policies.make import RUN

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
FAILED = Kind("origin-slow", Fate.RETRY, Blame.ORIGIN, when="", remedy="").of("example.org timed out")
CLAIMED = CLAIMED_ELSEWHERE.of("another run")
DONE = Ingested(Stored(None, None, None, 0, 0, None))


def settled(outcome: Outcome, attempt: int = 1, allowed: int = 3, chance: float = 0.5, **given: Any) -> Settlement:
    return settle(outcome, attempt, allowed, NOW, chance, **given)


def refused(blame: Blame) -> Refused:
    return Refused(Kind("x", Fate.REFUSED, blame, when="", remedy="").of("no"))


@pytest.mark.parametrize(
    ("outcome", "record", "action", "status"),
    [
        (DONE, Record.SUCCESS, Delete(), 200),
        (refused(Blame.ASSET), Record.ERROR, Delete(), 422),
        (refused(Blame.POLICY), Record.ERROR, Delete(), 422),
        (refused(Blame.ORIGIN), Record.ERROR, Delete(), 502),
        (refused(Blame.QUOTA), Record.ERROR, Delete(), 507),
        (refused(Blame.UNKNOWN_ASSET), Record.ERROR, Delete(), 404),
        (refused(Blame.REQUEST), Record.ERROR, Delete(), 400),
        (refused(Blame.US), Record.ERROR, Delete(), 503),
        (Redelivered(RUN), Record.NOTHING, Delete(), 200),
        (Superseded(RUN), Record.BATCH_ONLY, Delete(), 409),
        (Unreadable(REQUEST_NOT_JSON.of("no")), Record.NOTHING, Leave(), 400),
    ],
)
def test_what_is_settled_once_and_for_all(outcome: Outcome, record: Record, action: object, status: int) -> None:
    reason = getattr(outcome, "reason", None)
    for last, http in product((True, False), repeat=2):
        expected = Settlement(outcome, record, action, HttpAnswer(status), reason)  # type: ignore[arg-type]  # a table
        assert settled(outcome, last_receive=last, over_http=http) == expected


def test_a_retry_comes_back_after_a_wait_and_the_asset_is_left_alone() -> None:
    assert settled(Retry(FAILED)) == Settlement(
        Retry(FAILED), Record.ATTEMPT, Delay(45), HttpAnswer(503, 45), FAILED, NOW + timedelta(seconds=45)
    )


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(1, 30, 60), (2, 30, 120), (3, 30, 240), (4, 30, 480), (5, 30, 900), (99, 30, 900)],
)
def test_waits_are_anywhere_between_half_a_minute_and_a_bound_that_doubles(
    attempt: int, shortest: float, longest: float
) -> None:
    assert settled(Retry(FAILED), attempt, 100, chance=0).queue == Delay(shortest)
    assert settled(Retry(FAILED), attempt, 100, chance=1).queue == Delay(longest)


@pytest.mark.parametrize(("asked", "wait"), [(10, 45), (100, 100), (PATIENCE, PATIENCE), (10**9, PATIENCE), (-5, 45)])
def test_an_origin_that_asks_for_a_wait_gets_it_within_reason(asked: float, wait: float) -> None:
    assert settled(Retry(FAILED, after=asked)).queue == Delay(wait)


@pytest.mark.parametrize(("attempt", "often"), [(1, "once"), (2, "2 times"), (3, "3 times")])
def test_after_the_last_attempt_a_retry_is_a_refusal_that_says_how_often(attempt: int, often: str) -> None:
    last = FAILED.kind.of(f"example.org timed out (tried {often})")
    for late in (True, False):
        assert settled(Retry(FAILED), attempt, attempt, last_receive=late) == Settlement(
            Refused(last), Record.ERROR, Delete(), HttpAnswer(502), last
        )
    assert settled(Retry(FAILED), attempt, attempt + 1).record is Record.ATTEMPT


def test_how_often_it_was_tried_survives_the_cut_to_the_column() -> None:
    settlement = settled(Retry(FAILED.kind.of("x" * 2000)), 3, 3)
    assert settlement.reason is not None
    assert settlement.reason.for_row.endswith("x (tried 3 times)")
    assert len(settlement.reason.message) == 1000


def test_over_http_a_retry_is_recorded_as_a_refusal_and_the_caller_told_when_to_come_back() -> None:
    assert settled(Retry(FAILED, after=100.5), over_http=True) == Settlement(
        Refused(FAILED), Record.ERROR, Delete(), HttpAnswer(503, 101), FAILED
    )


def test_busy_is_never_an_attempt_and_soon_back() -> None:
    for http in (True, False):
        settlement = settled(Busy(CLAIMED), 99, 3, over_http=http)
        assert settlement == Settlement(
            Busy(CLAIMED), Record.RELEASE, Delay(35), HttpAnswer(503, 35), CLAIMED, NOW + timedelta(seconds=35)
        )
    assert settled(Busy(CLAIMED), chance=0).queue == Delay(10)
    assert settled(Busy(CLAIMED), chance=1).queue == Delay(60)
    assert settled(Busy(CLAIMED, after=0)).queue == Delay(0)
    assert settled(Busy(CLAIMED, after=-1)).queue == Delay(0)
    assert settled(Busy(CLAIMED, after=5000)).queue == Delay(900)


@pytest.mark.parametrize("outcome", [Busy(CLAIMED), Retry(FAILED), Retry(FAILED, after=5000)])
def test_on_the_last_receive_a_copy_is_sent_and_the_message_deleted(outcome: Outcome) -> None:
    settlement = settled(outcome, last_receive=True)
    assert isinstance(settlement.queue, Resend)
    assert settlement.queue.seconds <= 900
    assert settlement.again == NOW + timedelta(seconds=settlement.queue.seconds)
    assert settlement.record is settled(outcome).record


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.floats(0, 1),
    st.none() | st.floats(allow_nan=False),
    st.booleans(),
    st.booleans(),
)
def test_whatever_fails_either_comes_back_in_time_or_is_refused(
    attempt: int, allowed: int, chance: float, after: float | None, last: bool, http: bool
) -> None:
    for outcome in (Retry(FAILED, after), Busy(CLAIMED, after)):
        settlement = settled(outcome, attempt, allowed, chance, last_receive=last, over_http=http)
        match settlement.queue:
            case Delay(seconds) | Resend(seconds):
                assert 0 <= seconds <= (PATIENCE if isinstance(outcome, Retry) else LONGEST)
                assert settlement.again == NOW + timedelta(seconds=seconds)
                assert isinstance(outcome, Busy) or seconds >= SHORTEST
                assert settlement.http.retry_after is not None
            case action:
                assert action == Delete()
                assert isinstance(settlement.outcome, Refused)
                assert isinstance(outcome, Retry)
                assert http or attempt >= allowed
