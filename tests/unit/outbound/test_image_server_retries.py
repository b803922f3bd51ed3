"""Whether to ask again: bounded for every answer, spread by chance, under a new key where the copy may be broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.image_server_answers import Answer
from engine.outbound.image_server_retries import Again, Attempts, GiveUp, Patience, next_step
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED

PATIENCE = Patience(fresh=20.0, tries=6)
REPEATED = sorted(set(Answer) - {Answer.WELL})


@given(st.lists(st.tuples(st.sampled_from(REPEATED), st.floats(0, 1, exclude_max=True)), min_size=60, max_size=120))
def test_whatever_is_answered_it_ends_and_no_delay_is_long(story: list[tuple[Answer, float]]) -> None:
    attempts, now = Attempts(), 0.0
    for answer, chance in story:
        step = next_step(attempts, answer, now, chance, PATIENCE)
        if isinstance(step, GiveUp):
            return
        assert 0 <= step.after <= 10
        now += max(step.after, 1.0)  # a request takes a while
    pytest.fail("it never gave up")


@pytest.mark.parametrize("answer", REPEATED)
def test_jitter_is_full_so_that_the_longest_delay_grows_and_the_shortest_does_not(answer: Answer) -> None:
    attempts = Attempts()
    first = next_step(attempts, answer, 0.0, 0.999, PATIENCE)
    second = next_step(attempts, answer, 0.0, 0.999, PATIENCE)
    shortest = next_step(Attempts(), answer, 0.0, 0.0, PATIENCE)
    if isinstance(first, Again) and isinstance(second, Again) and isinstance(shortest, Again):
        assert first.after < second.after
        assert shortest.after <= 0.1


def test_a_half_fetched_source_is_asked_for_under_a_new_key() -> None:
    assert next_step(Attempts(), Answer.HALF_FETCHED, 0.0, 0.5, PATIENCE) == Again(0.05, restage=True)


def test_a_picture_damaged_twice_is_asked_for_under_a_new_key() -> None:
    attempts = Attempts()
    steps = [next_step(attempts, Answer.DAMAGED, 0.0, 0.0, PATIENCE) for _ in range(6)]
    assert steps == [Again(0.0), *[Again(0.0, restage=True)] * 4, GiveUp(THUMBNAILS_FAILED)]


def test_an_object_just_written_may_be_missing_for_a_while_and_no_longer() -> None:
    attempts = Attempts()
    next_step(attempts, Answer.NOT_YET, 100.0, 0.5, PATIENCE)
    assert isinstance(next_step(attempts, Answer.NOT_YET, 119.9, 0.5, PATIENCE), Again)
    assert next_step(attempts, Answer.NOT_YET, 120.1, 0.5, PATIENCE) == GiveUp(THUMBNAILS_FAILED)


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.EMPTY_AREA])
def test_what_is_final_is_not_asked_again(answer: Answer) -> None:
    assert next_step(Attempts(), answer, 0.0, 0.5, PATIENCE) == GiveUp(THUMBNAILS_FAILED)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer.AWAY, IMAGE_SERVER_AWAY),
        (Answer.SLOW, IMAGE_SERVER_AWAY),
        (Answer.OVERLOADED, IMAGE_SERVER_BEHIND),
    ],
)
def test_a_server_without_room_is_nobodys_fault_among_the_assets(answer: Answer, kind: object) -> None:
    attempts = Attempts()
    steps = [next_step(attempts, answer, 0.0, 0.0, PATIENCE) for _ in range(12)]
    assert steps[-1] == GiveUp(kind)  # type: ignore[arg-type]  # parametrised
    assert all(isinstance(step, Again) for step in steps[:-1])
