"""Facts as a file: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.size import Size
from policies.facts import Channel, Storage
from policies.facts_file import FactsFile, facts_json, read_facts
from policies.given import FactsError
from tests.unit.policies.make import make_channels, make_facts, make_policy, make_strategy

FACTS = make_facts(
    media_type="image/tiff",
    max_unauthorised=None,
    roles=("a", "b"),
    channels=(*make_channels("iiif-img", "thumbs"), Channel("file", make_policy("file", "none", system=True))),
    strategies=(make_strategy("x", "sftp", id="s", order=3, optimised=True),),
    storage=Storage("gold", None, 1000, 100, 10),
    ingested_before=True,
)


def test_facts_are_read_back_as_they_were_written() -> None:
    for image in (None, Size(4000, 3000)):
        assert read_facts(json.dumps(facts_json(FACTS, image))) == FactsFile(FACTS, image)
        printed = {"explanation": {}, "facts": facts_json(FACTS, image)}
        assert read_facts(json.dumps(printed)) == FactsFile(FACTS, image)


def test_an_asset_is_enough() -> None:
    read = read_facts('{"asset": "99/1/page-1"}')
    assert read.image is None
    assert read.facts == replace(make_facts(origin="", channels=()), storage=Storage(maximum=2**63 - 1))


def test_the_shortest_channels_and_strategies_have_sensible_rest() -> None:
    text = '{"asset": "99/1/a", "channels": [{"channel": "file"}], "strategies": [{"regex": "x", "strategy": "sftp"}]}'
    facts = read_facts(text).facts
    assert facts.channels == (Channel("file", make_policy("file", "default", id=0, customer=99)),)
    assert facts.strategies == (make_strategy("x", "sftp", id="strategy"),)


def test_policy_data_may_stand_as_the_json_that_it_is() -> None:
    def data(value: Any) -> str | None:
        channel = {"channel": "iiif-img", "data": value}
        return read_facts(json.dumps({"asset": "99/1/a", "channels": [channel]})).facts.channels[0].policy.data

    assert data(["!400,400"]) == '["!400,400"]'
    assert data({"ratio": 12.5}) == '{"ratio": 12.5}'
    assert data("[") == "["
    assert data(None) is None


def test_no_secret_is_written() -> None:
    facts = replace(
        make_facts(origin="https://user:hunter2@example.org/?token=hunter3"),
        strategies=(make_strategy("x", "sftp", credentials="hunter4"), make_strategy("y", credentials=" ")),
    )
    written = facts_json(facts)
    assert "hunter" not in json.dumps(written)
    assert [row["credentials"] for row in written["strategies"]] == ["***", ""]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a JSON object: not JSON"),
        ("[]", "facts: expected an object, not []"),
        ('{"facts": [], "asset": "99/1/a"}', "facts.facts: there is no such property"),
        ("{}", "facts.asset: expected text, not None"),
        ('{"asset": 7}', "facts.asset: expected text, not 7"),
        ('{"asset": "99/1"}', "facts.asset: expected customer/space/asset"),
        ('{"asset": "99/1/a", "orgin": "x"}', "facts.orgin: there is no such property"),
        ('{"asset": "99/1/a", "origin": null}', "facts.origin: expected text, not None"),
        ('{"asset": "99/1/a", "maxUnauthorised": "all"}', "facts.maxUnauthorised: expected a whole number, not 'all'"),
        ('{"asset": "99/1/a", "maxUnauthorised": true}', "facts.maxUnauthorised: expected a whole number, not True"),
        ('{"asset": "99/1/a", "roles": "r"}', "facts.roles: expected a list, not 'r'"),
        ('{"asset": "99/1/a", "roles": [7]}', "facts.roles: expected text, not 7"),
        ('{"asset": "99/1/a", "width": 0}', "facts.width: expected a side of at least 1, not 0"),
        ('{"asset": "99/1/a", "ingestedBefore": 1}', "facts.ingestedBefore: expected true or false, not 1"),
        ('{"asset": "99/1/a", "channels": [7]}', "facts.channels[0]: expected an object, not 7"),
        ('{"asset": "99/1/a", "channels": [{}]}', "facts.channels[0].channel: expected text, not None"),
        (
            '{"asset": "99/1/a", "channels": [{"channel": "file"}, {"channel": "file", "x": 1}]}',
            "facts.channels[1].x: there is no such property",
        ),
        ('{"asset": "99/1/a", "channels": [{"channel": "file", "data": 7}]}', "channels[0].data: expected text, not 7"),
        ('{"asset": "99/1/a", "strategies": [{"regex": "x"}]}', "facts.strategies[0].strategy: expected text"),
        (
            '{"asset": "99/1/a", "strategies": [{"regex": "x", "strategy": "sftp", "x": 1}]}',
            "facts.strategies[0].x: there is no such property",
        ),
        ('{"asset": "99/1/a", "storage": 7}', "storage: expected an object, not 7"),
        ('{"asset": "99/1/a", "storage": {"x": 1}}', "storage.x: there is no such property"),
        ('{"asset": "99/1/a", "storage": {"maximum": 1.5}}', "storage.maximum: expected a whole number"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, problem: str) -> None:
    with pytest.raises(FactsError) as raised:
        read_facts(text)
    assert problem in str(raised.value)


def test_a_size_needs_both_sides() -> None:
    assert read_facts('{"asset": "99/1/a", "width": 1, "height": 1}').image == Size(1, 1)
    assert read_facts('{"asset": "99/1/a", "width": 4000}').image is None
    assert read_facts('{"asset": "99/1/a", "height": 4000}').image is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["channel", "regex", "x"]), inner),
    max_leaves=5,
)
names = st.sampled_from(["asset", "origin", "channels", "strategies", "storage", "width", "roles", "facts"])


@given(st.text() | st.dictionaries(names, values).map(json.dumps))
def test_any_text_holds_facts_or_a_named_error(text: str) -> None:
    try:
        assert isinstance(read_facts(text), FactsFile)
    except FactsError as error:
        assert str(error).isprintable()  # noqa: PT017 - which of both it is, is the point
