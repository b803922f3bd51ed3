"""TIDY: what stays, and what of the rest is ours to delete."""

from __future__ import annotations

from typing import Any

import pytest

from policies.tidy import Needed, Recorded, needed, stale
from tests.unit.policies.make import ASSET, make_rules

RULES = make_rules()
DERIVATIVE = ("storage", "99/1/page-1")
ORIGINAL = ("storage", "99/1/page-1/original")
SIZES = ("thumbs", "99/1/page-1/s.json")
OPEN, AUTH = ("thumbs", "99/1/page-1/open/400.jpg"), ("thumbs", "99/1/page-1/auth/1024.jpg")
INFO = ("storage", "99/1/page-1/info/v3/info.json")
LISTED = [DERIVATIVE, ORIGINAL, INFO, SIZES, OPEN, AUTH]
NOTHING = Needed(frozenset())


def recorded(**given: Any) -> Recorded:
    """The rows of an asset that has nothing, or what is said."""
    return Recorded(**{"asset": ASSET, "location": None, "thumbs_json": None, "keys": None, **given})


def named(must: Needed, *, certain: bool = True) -> list[tuple[str, str]]:
    return [(one.bucket, one.key) for one in stale(must, ASSET, LISTED, RULES) if one.certain is certain]


def test_an_asset_that_is_gone_needs_nothing_and_that_is_certain() -> None:
    rows = recorded(exists=False, location="s3://storage/99/1/page-1", thumbs_json='{"o":[[400,300]],"a":[]}')
    assert needed(rows, RULES) == NOTHING


@pytest.mark.parametrize("location", ["s3://storage/99/1/page-1", "s3://eu-west-1/storage/99/1/page-1"])
def test_a_location_in_our_bucket_is_needed(location: str) -> None:
    assert needed(recorded(location=location), RULES).objects == {DERIVATIVE}


def test_a_location_elsewhere_is_none_of_ours() -> None:
    assert needed(recorded(location="s3://other/99/1/page-1"), RULES).objects == frozenset()


def test_thumbnails_and_their_list_are_needed_on_the_side_that_the_list_says() -> None:
    rows = recorded(thumbs_json='{"o":[[400,300]],"a":[[768,1024]]}')
    assert needed(rows, RULES).objects == {SIZES, OPEN, AUTH}
    assert needed(recorded(thumbs_json="{}"), RULES).objects == {SIZES}


def test_the_keys_of_the_last_result_are_needed_and_make_it_certain() -> None:
    assert needed(recorded(keys=("storage/99/1/page-1/original",)), RULES) == Needed(frozenset({ORIGINAL}))
    assert needed(recorded(keys=(), location="of old"), RULES) == NOTHING


def test_what_is_ours_and_needed_by_nothing_goes() -> None:
    assert named(NOTHING) == LISTED
    assert named(Needed(frozenset({DERIVATIVE, OPEN, SIZES}))) == [ORIGINAL, INFO, AUTH]
    assert named(NOTHING, certain=False) == []


@pytest.mark.parametrize(
    ("rows", "doubted"),
    [
        ({}, [ORIGINAL, SIZES, OPEN, AUTH]),
        ({"thumbs_json": "{}"}, [ORIGINAL]),
        ({"thumbs_json": '{"o":null,"a":[]}'}, [ORIGINAL]),
        ({"thumbs_json": '{"o":[7]}'}, [ORIGINAL, SIZES, OPEN, AUTH]),
        ({"thumbs_json": "[]"}, [ORIGINAL, SIZES, OPEN, AUTH]),
        ({"thumbs_json": '{"o":[["a","b"]]'}, [ORIGINAL, SIZES, OPEN, AUTH]),
        ({"location": "what nobody can read"}, [DERIVATIVE, ORIGINAL, SIZES, OPEN, AUTH]),
        ({"keys": ()}, []),
    ],
)
def test_what_a_result_of_before_our_time_may_need_is_doubted(rows: Any, doubted: list[tuple[str, str]]) -> None:
    must = needed(recorded(**rows), RULES)
    assert named(must, certain=False) == doubted
    assert set(named(must)) == set(LISTED) - set(doubted) - must.objects


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
    assert stale(NOTHING, ASSET, [foreign], RULES) == []
