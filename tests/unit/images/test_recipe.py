"""Recipes: read, refused by field, and mapped to and from the names that an Appetiser knows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.recipe import EXPECTED_RECIPE, KDU_PRECINCTS, NAMED, Recipe, RecipeError, kdu_name, parse_recipe
from images.recipe_fields import FIELDS, KDU_NAMES


def refusal(data: Any) -> RecipeError:
    with pytest.raises(RecipeError) as told:
        parse_recipe(data)
    return told.value


@pytest.mark.parametrize("data", [None, "", "  \r\n\t", "{}", {}])
def test_nothing_asks_for_the_default_recipe(data: Any) -> None:
    assert parse_recipe(data) == NAMED["default"] == Recipe()


def test_only_nothing_at_all_is_called_default() -> None:
    assert parse_recipe(None).name == parse_recipe(" ").name == "default"
    assert parse_recipe("{}").name is None


def test_a_recipe_is_what_its_fields_say() -> None:
    data = (
        '{"codec": "j2k", "reversible": true, "ratio": 2.5, "layers": 3, "levels": 5, "block": [32, 128],'
        ' "precincts": [512, 256], "progression": "LRCP", "tiles": 1024, "optimisation": "kdu_high", "tolerant": true}'
    )
    recipe = parse_recipe(data)
    assert recipe == Recipe(
        reversible=True, ratio=2.5, rate=None, layers=3, levels=5, block=(32, 128), precincts=(512, 256),
        progression="LRCP", tiles=1024, optimisation="kdu_high", tolerant=True,
    )  # fmt: skip
    assert parse_recipe(json.loads(data)) == recipe


def test_the_named_recipes_hold_the_numbers_of_the_contracts() -> None:
    assert list(NAMED) == ["default", "fastest", "fast-lossy", "lossless", *KDU_NAMES]
    assert [NAMED[name].name for name in NAMED] == list(NAMED)
    assert {name: (NAMED[name].rate, NAMED[name].layers) for name in KDU_NAMES} == {
        "kdu_low": (0.5, 1),
        "kdu_med": (2.0, 1),
        "kdu_med_layers": (2.0, 6),
        "kdu_high": (4.0, 1),
        "kdu_max": (None, 1),
    }
    assert KDU_PRECINCTS == (256, 256, 256, 128, 128, 64, 64, 32, 16)
    for name in KDU_NAMES:
        recipe = NAMED[name]
        assert (recipe.codec, recipe.reversible, recipe.ratio, recipe.levels) == ("j2k", False, None, 7)
        assert (recipe.block, recipe.progression, recipe.precincts) == ((64, 64), "RPCL", KDU_PRECINCTS)
        assert (recipe.tiles, recipe.tolerant, recipe.optimisation) == (None, False, name)


def test_the_named_recipes_are_what_their_names_promise() -> None:
    assert NAMED["default"] == Recipe(rate=4.0, ratio=None, optimisation=None)
    assert NAMED["lossless"] == Recipe(reversible=True, ratio=None, rate=None)
    assert NAMED["fast-lossy"] == Recipe(ratio=12.0, rate=None, optimisation="kdu_med")
    assert NAMED["fastest"] == Recipe(codec="htj2k", ratio=None, rate=None, levels=6, precincts=(), tiles=1024)


@pytest.mark.parametrize("name", list(NAMED))
def test_a_named_recipe_reads_back_from_its_json(name: str) -> None:
    written = NAMED[name].to_json()
    assert parse_recipe(written) == parse_recipe(json.dumps(written)) == NAMED[name]


def test_a_recipe_is_written_in_the_order_of_its_fields() -> None:
    assert list(Recipe().to_json()) == list(FIELDS)
    assert Recipe().to_json()["block"] == [64, 64]
    assert json.dumps(NAMED["fastest"].to_json()) == (
        '{"codec": "htj2k", "reversible": false, "levels": 6, "progression": "RPCL", "tiles": 1024,'
        ' "optimisation": null, "tolerant": false}'
    )


@pytest.mark.parametrize("name", KDU_NAMES)
def test_kdu_names_map_both_ways(name: str) -> None:
    assert kdu_name(NAMED[name]) == name
    assert parse_recipe({"optimisation": name}) == NAMED[name]


def test_an_appetiser_is_told_kdu_max_unless_the_recipe_names_another() -> None:
    assert kdu_name(Recipe()) == kdu_name(NAMED["fastest"]) == kdu_name(parse_recipe('{"ratio": 20}')) == "kdu_max"
    assert kdu_name(NAMED["fast-lossy"]) == "kdu_med"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"reversible": True}, Recipe(reversible=True, rate=None)),
        ({"reversible": False}, Recipe()),
        ({"reversible": True, "rate": 8}, Recipe(reversible=True, rate=8.0)),
        ({"ratio": 12}, Recipe(ratio=12.0, rate=None)),
        ({"ratio": None}, Recipe(ratio=None, rate=None)),
        ({"rate": None}, Recipe(ratio=None, rate=None)),
        ({"rate": 1}, Recipe(rate=1.0)),
        ({"rate": 1, "ratio": None}, Recipe(rate=1.0)),
        ({"optimisation": "kdu_low", "ratio": 3}, Recipe(ratio=3.0, rate=None, optimisation="kdu_low")),
        ({"optimisation": "kdu_med_layers", "ratio": None}, Recipe(rate=None, layers=6, optimisation="kdu_med_layers")),
        ({"optimisation": "kdu_low", "reversible": True}, Recipe(reversible=True, rate=0.5, optimisation="kdu_low")),
        ({"optimisation": None}, Recipe()),
        ({"codec": "htj2k"}, NAMED["fastest"]),
        ({"codec": "htj2k", "reversible": True, "tiles": None, "ratio": None, "rate": None, "progression": "RPCL"},
         Recipe(codec="htj2k", reversible=True, rate=None, levels=6, precincts=(), tiles=None)),
        ({"codec": "htj2k", "optimisation": "kdu_low"},
         Recipe(codec="htj2k", rate=None, levels=6, precincts=(), tiles=1024, optimisation="kdu_low")),
    ],
)  # fmt: skip
def test_fields_not_named_come_from_the_recipe_nearest_in_kin(data: dict[str, Any], expected: Recipe) -> None:
    assert parse_recipe(data) == expected
    assert parse_recipe(data).name is None


@pytest.mark.parametrize(
    ("recipe", "bits", "ratio"),
    [
        (NAMED["kdu_low"], 24, 48.0),
        (NAMED["kdu_med"], 24, 12.0),
        (NAMED["kdu_med"], 8, 4.0),
        (NAMED["kdu_high"], 24, 6.0),
        (Recipe(rate=16.0), 8, 1.0),
        (NAMED["kdu_max"], 24, None),
        (NAMED["fast-lossy"], 8, 12.0),
        (NAMED["lossless"], 24, None),
    ],
)
def test_a_rate_is_a_ratio_that_depends_on_the_image(recipe: Recipe, bits: int, ratio: float | None) -> None:
    assert recipe.ratio_for(bits) == ratio


FITTING = [
    ("codec", "j2k"), ("reversible", True), ("reversible", False), ("ratio", 1), ("ratio", 1000),
    ("ratio", Decimal("1.5")),
    ("ratio", None), ("rate", Decimal("0.01")), ("rate", 0.01), ("rate", 64), ("rate", None), ("layers", 1),
    ("layers", 65535),
    ("levels", 0), ("levels", 32), ("block", [4, 1024]), ("block", [1024, 4]), ("block", [64, 64]), ("block", (32, 32)),
    ("precincts", [16]), ("precincts", [32768] * 33), ("progression", "LRCP"), ("progression", "RLCP"),
    ("progression", "RPCL"), ("progression", "PCRL"), ("progression", "CPRL"), ("tiles", 128), ("tiles", 65535),
    ("tiles", None), ("optimisation", "kdu_max"), ("optimisation", None), ("tolerant", True),
]  # fmt: skip

UNFIT = [
    ("codec", "jpeg"), ("codec", "J2K"), ("codec", None), ("codec", 1), ("reversible", 1), ("reversible", None),
    ("reversible", "true"), ("ratio", Decimal("0.99")), ("ratio", 0), ("ratio", Decimal("1000.001")), ("ratio", "12"),
    ("ratio", True), ("ratio", float("nan")), ("ratio", float("inf")), ("ratio", [12]),
    pytest.param("ratio", 10**5000, id="ratio-huge"),
    ("rate", 0),
    ("rate", 0.009), ("rate", 65), ("rate", -1), ("layers", 0), ("layers", 65536), ("layers", 1.0), ("layers", True),
    ("layers", None), ("layers", "1"), ("levels", -1), ("levels", 33), ("levels", Decimal("7.0")), ("block", [64]),
    ("block", [64, 64, 64]), ("block", []), ("block", [2, 64]), ("block", [2048, 2]), ("block", [64, 63]),
    ("block", [64, 128]), ("block", [1024, 8]), ("block", ["64", "64"]), ("block", [64.0, 64]), ("block", None),
    ("block", 64), ("block", "64,64"), ("precincts", []), ("precincts", [256] * 34), ("precincts", [8]),
    ("precincts", [65536]), ("precincts", [255]), ("precincts", [True]), ("precincts", [[256]]), ("precincts", None),
    ("progression", "rpcl"), ("progression", ""), ("progression", None), ("tiles", 127), ("tiles", 65536), ("tiles", 0),
    ("tiles", "1024"), ("optimisation", "kdu"), ("optimisation", ""), ("tolerant", 0), ("tolerant", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FITTING)
def test_each_field_takes_what_it_should_up_to_its_bounds(name: str, value: Any) -> None:
    read = getattr(parse_recipe({name: value}), name)
    assert read == (
        tuple(value)
        if isinstance(value, list)
        else pytest.approx(float(value))
        if isinstance(value, Decimal)
        else value
    )


@pytest.mark.parametrize(("name", "value"), UNFIT)
def test_each_field_refuses_the_rest_and_says_what_it_expected(name: str, value: Any) -> None:
    error = refusal({name: value})
    assert error.field == name
    assert error.expected == FIELDS[name].expected
    assert str(error) == f"{name}: expected {error.expected}, not {error.given}"


def test_what_fields_expect_is_said_in_words() -> None:
    assert {name: field.expected for name, field in FIELDS.items()} == {
        "codec": "one of j2k, htj2k",
        "reversible": "true or false",
        "ratio": "a number from 1 to 1000, or null",
        "rate": "a number from 0.01 to 64, or null",
        "layers": "a whole number from 1 to 65535",
        "levels": "a whole number from 0 to 32",
        "block": "a list of 2 powers of two from 4 to 1024, at most 4096 multiplied",
        "precincts": "a list of 1 to 33 powers of two from 16 to 32768",
        "progression": "one of LRCP, RLCP, RPCL, PCRL, CPRL",
        "tiles": "a whole number from 128 to 65535, or null",
        "optimisation": "one of kdu_low, kdu_med, kdu_med_layers, kdu_high, kdu_max, or null",
        "tolerant": "true or false",
    }


def test_numbers_are_read_as_floats_and_lists_as_tuples() -> None:
    recipe = parse_recipe('{"ratio": 12, "block": [32, 32]}')
    assert type(recipe.ratio) is float
    assert type(recipe.block) is tuple


def test_an_unknown_field_is_refused_by_its_name() -> None:
    error = refusal('{"quality": 85}')
    assert (error.field, error.expected, error.given) == (
        "quality",
        f"one of the fields {', '.join(FIELDS)}",
        "'quality'",
    )
    assert refusal({"q" * 100: 1}).field == "q" * 60


@pytest.mark.parametrize("name", ["ratio", "rate", "layers", "block", "precincts"])
def test_what_htj2k_cannot_hold_is_refused_beside_it(name: str) -> None:
    value = Recipe(ratio=12.0, precincts=(64,)).to_json()[name]
    error = refusal({"codec": "htj2k", name: value})
    assert error.field == name
    assert error.expected == "nothing: HTJ2K is written without it"
    assert (
        error.given == {"ratio": "12.0", "rate": "4.0", "layers": "1", "block": "[64, 64]", "precincts": "[64]"}[name]
    )


def test_htj2k_is_written_in_one_order_only() -> None:
    error = refusal({"codec": "htj2k", "progression": "LRCP"})
    assert (error.field, error.expected, error.given) == ("progression", "RPCL for HTJ2K", "'LRCP'")


def test_a_ratio_and_a_rate_contradict_each_other() -> None:
    error = refusal('{"ratio": 12, "rate": 2}')
    assert (error.field, error.expected, error.given) == ("rate", "null beside a ratio", "2.0")


@pytest.mark.parametrize(
    ("data", "given"),
    [
        ("[]", "[]"),
        ("\u00a0", r"'\xa0', not JSON (Expecting value, line 1 column 1)"),
        ("X", "'X', not JSON (Expecting value, line 1 column 1)"),
        ("12", "12"),
        ('"default"', "'default'"),
        ("null", "null"),
        ("kdu_max", "'kdu_max', not JSON (Expecting value, line 1 column 1)"),
        ('{"levels": 1, "levels": 2}', """'{"levels": 1, "levels": 2}', 'levels' is named twice"""),
    ],
)
def test_what_is_no_json_object_is_no_recipe(data: str, given: str) -> None:
    error = refusal(data)
    assert (error.field, error.expected, error.given) == ("recipe", EXPECTED_RECIPE, given)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
)


@given(st.one_of(st.text(), JSON.map(json.dumps), st.dictionaries(st.sampled_from(list(FIELDS)), JSON).map(json.dumps)))
def test_any_text_is_a_recipe_or_a_named_error(data: str) -> None:
    try:
        recipe = parse_recipe(data)
    except RecipeError:
        return
    assert parse_recipe(recipe.to_json()) == recipe


@given(st.lists(st.sampled_from(FITTING)).map(dict))
def test_whatever_is_read_is_written_so_that_it_reads_the_same(values: dict[str, Any]) -> None:
    if values.get("ratio") is not None and values.get("rate") is not None:
        del values["rate"]
    recipe = parse_recipe(values)
    assert parse_recipe(json.dumps(recipe.to_json())) == recipe
