"""The catalogue of reasons, and the exceptions that carry them."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from policies import reasons
from policies.outcome import Busy, Failure, IngestError, Redelivered, Refused, Retry, about, granted
from policies.reasons import (
    CATALOGUE,
    ERROR_COLUMN,
    NOT_AN_IMAGE,
    OVER_QUOTA,
    PROCESSOR_REFUSED,
    Blame,
    Fate,
    Kind,
)


def test_every_kind_has_a_code_of_its_own() -> None:
    kinds = [value for value in vars(reasons).values() if isinstance(value, Kind)]
    assert len(CATALOGUE) == len({id(kind) for kind in kinds})
    assert all(CATALOGUE[kind.code] is kind for kind in kinds)


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.code)
def test_every_kind_says_when_it_happens_and_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    for sentence in (kind.when, kind.remedy):
        assert len(sentence) > 15
        assert sentence.rstrip().endswith((".", "`"))
        assert "\n" not in sentence


def a_kind(fate: Fate) -> Kind:
    return Kind("code", fate, Blame.US, when="", remedy="")


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (Fate.REFUSED, Refused(a_kind(Fate.REFUSED).of("why"))),
        (Fate.RETRY, Retry(a_kind(Fate.RETRY).of("why"), 7)),
        (Fate.BUSY, Busy(a_kind(Fate.BUSY).of("why"), 7)),
    ],
)
def test_an_error_carries_the_outcome_that_its_kind_means(fate: Fate, outcome: Failure) -> None:
    error = IngestError(a_kind(fate), "why", after=7)
    assert error.outcome == outcome
    assert str(error) == "why"


def test_an_unreadable_message_never_becomes_an_error_of_a_run() -> None:
    with pytest.raises(AssertionError, match="never becomes a run"):
        _ = IngestError(a_kind(Fate.UNREADABLE), "why").outcome


def test_what_is_granted_is_handed_on_and_what_is_refused_is_raised() -> None:
    assert granted("plan") == "plan"
    refused = Refused(a_kind(Fate.REFUSED).of("why"))
    with pytest.raises(IngestError) as raised:
        granted(refused)
    assert raised.value.outcome == refused


PAGE = "99/1/page-1"


@pytest.mark.parametrize("outcome", [Refused, Retry, Busy])
def test_whatever_an_ingest_ends_with_names_its_asset_or_an_address(outcome: type[Failure]) -> None:
    def named(message: str, kind: Kind = NOT_AN_IMAGE) -> str:
        told = about(outcome(kind.of(message)), PAGE)
        assert isinstance(told, outcome)
        return told.reason.message

    assert named("no image at all") == f"{PAGE}: no image at all"
    for message in (f"{PAGE} was deleted", "https://example.org/x answered 404"):
        assert named(message) == message
    assert named("https://ann:hunter2@example.org/x broke") == "https://***@example.org/x broke"
    for kind in (OVER_QUOTA, PROCESSOR_REFUSED):  # their words are the contract's
        assert named("as agreed", kind) == "as agreed"


def test_an_outcome_without_a_reason_is_left_as_it_is() -> None:
    settled = Redelivered(UUID(int=1))
    assert about(settled, PAGE) is settled


def test_a_reason_fits_its_column_and_reads_as_code_and_sentence() -> None:
    reason = a_kind(Fate.REFUSED).of("x" * 2000)
    assert len(reason.for_row) == ERROR_COLUMN
    assert a_kind(Fate.BUSY).of("why").code == "code"
    assert str(a_kind(Fate.BUSY).of("why")) == "code: why"
    assert reason.about(PAGE).kind is reason.kind
