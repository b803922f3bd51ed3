"""CLAIM: who may start, from the asset's runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.claim import GRACE, Ending, PastRun, Proceed, TakeOver, judge_claim
from policies.outcome import Busy, Redelivered, Superseded
from policies.request import IngestRequest
from tests.unit.policies.make import ASSET

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FINAL = [Ending.INGESTED, Ending.REFUSED]


def a_run(number: int = 1, key: str = "k", ending: Ending | None = None, **given: Any) -> PastRun:
    """A run that ended an hour ago, or is running still."""
    finished = None if ending is None else NOW - timedelta(hours=1) + number * SECOND
    values = {"expires": NOW + 100 * SECOND, "finished": finished, "ending": ending}
    return PastRun(UUID(int=number), key, **{**values, **given})


def judge(*history: PastRun, key: str = "k", created: datetime | None = None, stray_deaths: int = 0) -> Any:
    return judge_claim(history, IngestRequest(ASSET, created), key, NOW, stray_deaths=stray_deaths)


def test_a_new_asset_is_claimed_for_its_first_attempt() -> None:
    assert judge() == Proceed(attempt=1)


@pytest.mark.parametrize("ending", [*FINAL, Ending.SUPERSEDED])
def test_a_message_with_a_final_run_is_redelivered(ending: Ending) -> None:
    assert judge(a_run(1, ending=ending)) == Redelivered(UUID(int=1))
    assert judge(a_run(1, ending=ending), a_run(2, "other")) == Redelivered(UUID(int=1))
    assert judge(a_run(1, "other", ending)) == Proceed()


@pytest.mark.parametrize("ending", [Ending.RETRY, Ending.BUSY, Ending.ABANDONED])
def test_a_run_that_settled_nothing_redelivers_nothing(ending: Ending) -> None:
    assert isinstance(judge(a_run(1, ending=ending)), Proceed)


@pytest.mark.parametrize("ending", FINAL)
def test_a_message_older_than_the_last_result_is_superseded(ending: Ending) -> None:
    past = a_run(1, "other", ending, created=NOW)
    assert judge(past, created=NOW - SECOND) == Superseded(UUID(int=1))
    assert judge(past, a_run(2, "third"), created=NOW - SECOND) == Superseded(UUID(int=1))
    assert judge(past, created=NOW) == Proceed()
    assert judge(past, created=NOW + SECOND) == Proceed()
    assert judge(past) == Proceed()


def test_of_several_results_the_newest_message_counts() -> None:
    history = (
        a_run(1, "a", Ending.INGESTED, created=NOW - 2 * SECOND),
        a_run(2, "b", Ending.INGESTED, created=NOW),
        a_run(3, "c", Ending.INGESTED, created=NOW - SECOND),
        a_run(4, "d", Ending.INGESTED),
    )
    assert judge(*history, created=NOW - SECOND) == Superseded(UUID(int=2))


@pytest.mark.parametrize("ending", [Ending.RETRY, Ending.BUSY, Ending.ABANDONED, Ending.SUPERSEDED])
def test_what_settled_nothing_supersedes_nothing(ending: Ending) -> None:
    assert isinstance(judge(a_run(1, "other", ending, created=NOW), created=NOW - SECOND), Proceed)


def test_attempts_are_runs_of_this_message_that_ended_as_retry() -> None:
    history = [
        a_run(1, ending=Ending.RETRY),
        a_run(2, ending=Ending.RETRY),
        a_run(3, "other", Ending.RETRY),
        a_run(4, ending=Ending.BUSY),
        a_run(5, ending=Ending.ABANDONED),
    ]
    assert judge(*history[:4]) == Proceed(attempt=3)
    assert judge(*history) == Proceed(attempt=3, suspect=True)


def test_a_running_run_makes_the_asset_busy_until_its_claim_and_a_grace_are_over() -> None:
    for key in ("k", "other"):
        busy = judge(a_run(1, key))
        assert isinstance(busy, Busy)
        assert str(UUID(int=1)) in busy.reason.message
        assert isinstance(judge(a_run(1, key, expires=NOW - GRACE + SECOND)), Busy)
        assert judge(a_run(1, key, expires=NOW - GRACE)) == TakeOver(UUID(int=1), Proceed(suspect=True))


def test_a_take_over_counts_attempts_too() -> None:
    history = (a_run(1, ending=Ending.RETRY), a_run(2, expires=NOW - GRACE))
    assert judge(*history) == TakeOver(UUID(int=2), Proceed(attempt=2, suspect=True))


def test_three_deaths_of_the_running_suspect_condemn_it() -> None:
    first = a_run(1, ending=Ending.ABANDONED)
    deaths = [a_run(number, ending=Ending.ABANDONED, suspect=True) for number in (2, 3, 4)]
    assert judge(first, *deaths[:2]) == Proceed(suspect=True)
    condemned = judge(first, *deaths)
    assert condemned.refusal is not None
    assert condemned.refusal.reason.code == "suspect-condemned"
    assert str(ASSET) in condemned.refusal.reason.message
    running = a_run(4, suspect=True, expires=NOW - GRACE)
    taken = judge(first, *deaths[:2], running)
    assert taken.then.refusal == condemned.refusal
    assert judge(first, *deaths[:2], a_run(4, expires=NOW - GRACE)).then.refusal is None


def test_deaths_while_nobody_suspected_the_asset_do_not_condemn_it() -> None:
    deaths = [a_run(number, ending=Ending.ABANDONED) for number in range(1, 9)]
    assert judge(*deaths) == Proceed(suspect=True)


@pytest.mark.parametrize("ending", FINAL)
def test_a_result_clears_a_suspect(ending: Ending) -> None:
    deaths = [a_run(number, ending=Ending.ABANDONED, suspect=True) for number in (1, 2, 3)]
    result = a_run(4, "other", ending)
    assert judge(*deaths, result) == Proceed()
    at_once = a_run(5, ending=Ending.ABANDONED, finished=result.finished)
    assert judge(*deaths, result, at_once) == Proceed()
    later = a_run(5, ending=Ending.ABANDONED, suspect=True)
    assert judge(*deaths, result, later) == Proceed(suspect=True)


def test_deaths_count_from_the_last_time_that_the_asset_was_survived() -> None:
    deaths = [a_run(number, ending=Ending.ABANDONED, suspect=True) for number in (1, 2, 4, 5)]
    survived = a_run(3, ending=Ending.RETRY)
    assert judge(*deaths, survived) == Proceed(attempt=2, suspect=True)
    assert judge(*deaths, survived, a_run(6, ending=Ending.ABANDONED, suspect=True)).refusal is not None


@pytest.mark.parametrize(("stray", "allowed"), [(0, 3), (1, 3), (2, 4), (5, 4), (6, 5), (13, 5), (14, 6), (62, 8)])
def test_where_engines_die_without_a_suspect_too_it_takes_more_to_condemn_one(stray: int, allowed: int) -> None:
    deaths = [a_run(number, ending=Ending.ABANDONED, suspect=True) for number in range(allowed)]
    assert judge(*deaths[1:], stray_deaths=stray) == Proceed(suspect=True)
    condemned = judge(*deaths, stray_deaths=stray)
    assert f"died {allowed} times" in condemned.refusal.reason.message
    running = a_run(90, suspect=True, expires=NOW - GRACE)
    assert judge(*deaths[1:], running, stray_deaths=stray).then.refusal == condemned.refusal


def test_other_ends_clear_nobody() -> None:
    death = a_run(1, ending=Ending.ABANDONED)
    for ending in (Ending.RETRY, Ending.BUSY, Ending.SUPERSEDED):
        assert judge(death, a_run(2, "other", ending)).suspect is True


histories = st.lists(
    st.builds(
        PastRun,
        id=st.uuids(),
        key=st.sampled_from("kab"),
        expires=st.integers(-200, 200).map(lambda seconds: NOW + seconds * SECOND),
        created=st.none() | st.integers(-5, 5).map(lambda seconds: NOW + seconds * SECOND),
        finished=st.none() | st.integers(-500, 0).map(lambda seconds: NOW + seconds * SECOND),
        ending=st.none() | st.sampled_from(Ending),
        suspect=st.booleans(),
    ),
    max_size=8,
)


@given(histories, st.none() | st.integers(-5, 5).map(lambda seconds: NOW + seconds * SECOND))
def test_nobody_starts_beside_a_living_run(history: list[PastRun], created: datetime | None) -> None:
    verdict = judge(*history, created=created)
    running = [run for run in history if run.ending is None]
    match verdict:
        case Proceed():
            assert not running
        case TakeOver(run):
            assert any(one.id == run and one.expires + GRACE <= NOW for one in running)
        case Busy():
            assert running
        case _:
            assert isinstance(verdict, Redelivered | Superseded)
            assert verdict.run in {run.id for run in history}
