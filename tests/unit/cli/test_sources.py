"""Words on the command line become originals with asset ids: always the same, never two alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.output import seconds, size
from engine.cli.runs import time_of
from engine.cli.scopes import scope_of
from engine.cli.sources import asset_name, originals
from engine.cli.stop import Misused
from engine.db.port import Scope
from policies.request import parse_asset_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.text())
def test_any_text_makes_a_name_that_an_asset_may_have(text: str) -> None:
    assert parse_asset_id(f"99/1/{asset_name(text)}").asset == asset_name(text)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://example.org/a/Page%20One.tif?size=full", "Page-One"),
        ("https://example.org/iiif/abc/full/max/0/default.jpg", "default"),
        ("s3://bucket/99/5/x.y.jp2", "x.y"),
        ("https://example.org/", "example"),
        ("https://example.org/a/", "a"),
        ("sftp://example.org/%C3%A9t%C3%A9.tiff", "t"),
    ],
)
def test_an_address_is_named_by_its_last_part(address: str, name: str) -> None:
    (one,) = originals([address], 99, 1)
    assert (one.asset.asset, one.origin, one.path) == (name, address, None)


def test_two_of_the_same_name_are_told_apart_in_their_order() -> None:
    found = originals(["https://a.org/page.jpg", "https://b.org/page.png", "https://c.org/page"], 99, 1)
    assert [one.asset.asset for one in found] == ["page", "page-2", "page-3"]


def test_a_folder_gives_its_images_in_order_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for name in ("b.JPG", "a.tif", "deeper/c.jp2", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [one.asset.asset for one in originals([str(tmp_path)], 99, 1)] == ["a", "b", "c"]


def test_a_folder_without_images_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="nothing to ingest"):
        originals([str(tmp_path)], 99, 1)


@pytest.mark.parametrize("word", ["/no/such/file", "gopher://example.org/x", "file:///etc/passwd"])
def test_what_cannot_be_fetched_is_named(word: str) -> None:
    with pytest.raises(Misused, match=word):
        originals([word], 99, 1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_since_is_a_time_or_how_long_ago(text: str, moment: datetime) -> None:
    assert time_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "", "5 weeks", "-3h"])
def test_what_is_no_time_is_wrong_use(text: str) -> None:
    with pytest.raises(Misused):
        time_of(text, NOW)


def test_a_space_names_its_customer() -> None:
    assert scope_of(space="99/5", failed=True) == Scope(customer=99, space=5, failed=True)
    with pytest.raises(Misused):
        scope_of(space="99")
    with pytest.raises(Misused):
        scope_of(space="99/5", customer=1)


def test_figures_are_written_as_people_read_them() -> None:
    assert [size(n) for n in (0, 999, 1500, 20_000_000, 3_100_000_000_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "20.0 MB",
        "3.1 TB",
    ]
    assert [seconds(n) for n in (None, 0.0123, 12.34)] == ["-", "12 ms", "12.3 s"]
