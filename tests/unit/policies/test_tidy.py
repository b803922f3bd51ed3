"""TIDY: what stays, and what of the rest is ours to delete."""

from __future__ import annotations

from typing import Any

import pytest

from policies.s3_address import S3Address
from policies.tidy import Needed, Recorded, needed, stale
from tests.unit.policies.make import ASSET, make_rules

RULES = make_rules()
DERIVATIVE = ("storage", "99/1/page-1")
ORIGINAL = ("storage", "99/1/page-1/original")
SIZES = ("thumbs", "99/1/page-1/s.json")
OPEN, AUTH = ("thumbs", "99/1/page-1/open/400.jpg"), ("thumbs", "99/1/page-1/auth/1024.jpg")
INFO = ("storage", "99/1/page-1/info/v3/info.json")
LISTED = [DERIVATIVE, ORIGINAL, INFO, SIZES, OPEN, AUTH]
SURE = Needed(frozenset(), sure=True)


def recorded(**given: Any) -> Recorded:
    """The rows of an asset that has nothing, or what is said."""
    return Recorded(**{"asset": ASSET, "location": None, "thumbs_json": None, "keys": None, **given})


def test_an_asset_that_is_gone_needs_nothing_and_that_is_certain() -> None:
    rows = recorded(exists=False, location=S3Address(*DERIVATIVE), thumbs_json='{"o":[[400,300]],"a":[]}')
    assert needed(rows, RULES) == SURE


def test_a_location_in_our_bucket_is_needed_and_one_elsewhere_is_none_of_ours() -> None:
    assert needed(recorded(location=S3Address(*DERIVATIVE)), RULES).objects == {DERIVATIVE}
    assert needed(recorded(location=S3Address("other", "99/1/page-1")), RULES).objects == frozenset()


def test_thumbnails_and_their_list_are_needed_on_the_side_that_the_list_says() -> None:
    rows = recorded(thumbs_json='{"o":[[400,300]],"a":[[768,1024]]}')
    assert needed(rows, RULES).objects == {SIZES, OPEN, AUTH}
    assert needed(recorded(thumbs_json="{}"), RULES).objects == {SIZES}


def test_the_keys_of_the_last_result_are_needed_and_make_it_certain() -> None:
    assert needed(recorded(keys=("storage/99/1/page-1/original",)), RULES) == Needed(frozenset({ORIGINAL}), sure=True)
    assert needed(recorded(keys=()), RULES) == SURE
    assert needed(recorded(), RULES).sure is False


def test_what_is_ours_and_needed_by_nothing_goes() -> None:
    assert stale(SURE, ASSET, LISTED, RULES) == LISTED
    some = Needed(frozenset({DERIVATIVE, OPEN, SIZES}), sure=True)
    assert stale(some, ASSET, LISTED, RULES) == [ORIGINAL, INFO, AUTH]


@pytest.mark.parametrize(
    "foreign",
    [
        ("storage", "99/1/page-10"),
        ("storage", "99/1/page-1/notes"),
        ("storage", "99/1/page-1/open/400.jpg"),
        ("thumbs", "99/1/page-1"),
        ("thumbs", "99/1/page-1/open/400.png"),
        ("thumbs", "99/1/page-10/open/400.jpg"),
        ("origin", "99/1/page-1"),
        ("security", "99/1/page-1/original"),
    ],
)
def test_what_is_not_ours_by_its_key_stays(foreign: tuple[str, str]) -> None:
    assert stale(SURE, ASSET, [foreign], RULES) == []
