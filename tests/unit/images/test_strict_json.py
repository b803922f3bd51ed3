"""JSON as policies may hold it, and how errors quote it."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.quoting import quoted
from images.strict_json import JsonError, read_json


def test_whole_numbers_stay_whole_and_fractions_exact() -> None:
    assert read_json('{"a": [1, 1.10, true, null, "x"]}') == {"a": [1, Decimal("1.10"), True, None, "x"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes, line 1 column 2)"),
        ("[\n1,]", "not JSON (Expecting value, line 2 column 3)"),
        ("[NaN]", "not JSON (NaN is no number)"),
        ("[-Infinity]", "not JSON (-Infinity is no number)"),
        ('{"a": 1, "b": 2, "b": 3}', "'b' is named twice"),
        pytest.param("9" * 5000, "not usable JSON (a number beyond all measure)", id="huge"),
        ("1e99999999999999999999", "not usable JSON (a number beyond all measure)"),
        pytest.param("[" * 100_000, "not usable JSON (nested too deep)", id="deep"),
    ],
)
def test_what_postgresql_would_not_take_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(JsonError) as error:
        read_json(text)
    assert str(error.value) == told


def test_a_long_name_that_stands_twice_is_quoted_in_part() -> None:
    name = "n" * 80
    with pytest.raises(JsonError, match=f"^'{'n' * 60}' is named twice$"):
        read_json(f'{{"{name}": 1, "{name}": 2}}')


@given(st.text())
def test_any_text_is_json_or_a_json_error(text: str) -> None:
    with suppress(JsonError):
        read_json(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (Decimal("1.50"), "1.50"),
        (1.5, "1.5"),
        (10**60 - 1, "9" * 60),
        (10**60, "a huge number"),
        (-(10**60), "a huge number"),
        pytest.param(10**5000, "a huge number", id="huge"),
        ("a\nb", r"'a\nb'"),
        ("x" * 60, f"'{'x' * 60}'"),
        ("x" * 61, f"'{'x' * 59}…'"),
        (Decimal("1." + "1" * 70), "1." + "1" * 57 + "…"),
        ([1, [2], "a"], "[1, […], 'a']"),
        ((64, 64), "[64, 64]"),
        ([[1], (2,)], "[[…], […]]"),
        (list(range(12)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"),
        (list(range(13)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]"),
        ({"a": 1}, "an object"),
        ([{"a": 1}], "[an object]"),
        (b"x", "a bytes"),
    ],
)
def test_values_are_quoted_as_json_would_write_them(value: object, expected: str) -> None:
    assert quoted(value) == expected
