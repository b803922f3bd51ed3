"""The IIIF size grammar, and what each form makes of an image."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.iiif_size import (
    EXPECTED_LIST,
    EXPECTED_SIZE,
    IiifSize,
    SizeError,
    SizeKind,
    parse_size,
    parse_sizes,
    scaled,
    size_for,
)
from images.size import Size

SIDES = st.integers(1, 99_999)
IMAGES = st.builds(Size, st.integers(1, 200_000), st.integers(1, 200_000))
PERCENTS = st.decimals("0.0000000001", "100", places=10).map(lambda number: f"{number:f}")
MARKS = st.sampled_from(["", "^"])
TEXTS = st.one_of(
    st.sampled_from(["max", "^max"]),
    st.builds("{}{},".format, MARKS, SIDES),
    st.builds("{},{}".format, MARKS, SIDES),
    st.builds("{}{},{}".format, MARKS, SIDES, SIDES),
    st.builds("{}!{},{}".format, MARKS, SIDES, SIDES),
    st.builds("{}pct:{}".format, MARKS, PERCENTS),
    st.builds("^pct:{}".format, st.integers(1, 9999)),
)


def fit(text: str, width: int, height: int) -> tuple[int, int] | None:
    size = size_for(parse_size(text), Size(width, height))
    return None if size is None else (size.width, size.height)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max", IiifSize("max", SizeKind.MAX)),
        ("^max", IiifSize("^max", SizeKind.MAX, upscale=True)),
        ("150,", IiifSize("150,", SizeKind.WIDTH, width=150)),
        ("^360,", IiifSize("^360,", SizeKind.WIDTH, width=360, upscale=True)),
        (",150", IiifSize(",150", SizeKind.HEIGHT, height=150)),
        ("^,240", IiifSize("^,240", SizeKind.HEIGHT, height=240, upscale=True)),
        ("pct:50", IiifSize("pct:50", SizeKind.PERCENT, percent=Fraction(50))),
        ("pct:33.3", IiifSize("pct:33.3", SizeKind.PERCENT, percent=Fraction(333, 10))),
        ("^pct:120", IiifSize("^pct:120", SizeKind.PERCENT, percent=Fraction(120), upscale=True)),
        ("225,100", IiifSize("225,100", SizeKind.EXACT, 225, 100)),
        ("^360,360", IiifSize("^360,360", SizeKind.EXACT, 360, 360, upscale=True)),
        ("!225,100", IiifSize("!225,100", SizeKind.CONFINED, 225, 100)),
        ("^!360,360", IiifSize("^!360,360", SizeKind.CONFINED, 360, 360, upscale=True)),
        ("99999,1", IiifSize("99999,1", SizeKind.EXACT, 99_999, 1)),
    ],
)  # fmt: skip
def test_every_form_of_the_grammar_is_read(text: str, expected: IiifSize) -> None:
    assert parse_size(text) == expected
    assert str(parse_size(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("pct:50.0", "pct:50"), ("pct:12.50", "pct:12.5"), ("^pct:100.00", "^pct:100"), ("pct:10", "pct:10")],
)
def test_percentages_are_written_one_way(text: str, canonical: str) -> None:
    assert parse_size(text) == parse_size(canonical)
    assert parse_size(text).text == canonical


@pytest.mark.parametrize(
    "text",
    [
        *("", "^", "!", ",", "^,", "!,", "100", "full", "Max", "max ", " max", "!max", "^^max", "maxi"),
        *("0,", ",0", "0,0", "01,", ",01", "-1,", "1.5,", "100000,", ",100000", "!100,", "!,100", "^!100,", "!^1,1"),
        *("1,1,1", "1,,1", "1 ,1", "1, 1", "10,\n", "\u0661,", "1\u0660,", "1e3,", "+1,"),
        *("pct:", "pct:0", "pct:0.0", "pct:00", "pct:01", "pct:.5", "pct:5.", "pct:100.1", "pct:101", "pct:1000"),
        *("pct:-1", "pct:1e1", "pct:0.00000000001", "pct: 5", "pct5", "pct:5%", "^pct:0", "^pct:10000", "^pct:01"),
        *("^pct:0.0", "^pct:5.", "!pct:50", "pct:!50", "pct:50,", "PCT:50", "nan", "pct:nan"),
    ],
)
def test_anything_else_is_refused_and_says_what_was_expected(text: str) -> None:
    with pytest.raises(SizeError) as told:
        parse_size(text)
    assert str(told.value).startswith(f"{text!r} is no size: expected {EXPECTED_SIZE}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("full", "; `full` is IIIF 2, write `max`"),
        ("pct:150", "; more than 100 enlarges, write `^pct:150`"),
        ("400", "; write `!400,400`"),
        ("pct:0", ""),
        ("large", ""),
    ],
)
def test_a_common_mistake_is_told_its_remedy(text: str, hint: str) -> None:
    with pytest.raises(SizeError) as told:
        parse_size(text)
    assert str(told.value) == f"'{text}' is no size: expected {EXPECTED_SIZE}{hint}"


def test_a_long_text_is_quoted_in_part() -> None:
    with pytest.raises(SizeError, match=r"^'x{59}…' is no size"):
        parse_size("x" * 61)


@pytest.mark.parametrize(
    ("text", "image", "expected"),
    [
        ("max", (300, 200), (300, 200)),
        ("^max", (300, 200), (300, 200)),
        ("150,", (300, 200), (150, 100)),
        ("299,", (300, 200), (299, 199)),
        ("300,", (300, 200), None),
        ("301,", (300, 200), None),
        ("^300,", (300, 200), (300, 200)),
        ("^360,", (300, 200), (360, 240)),
        ("^150,", (300, 200), (150, 100)),
        (",150", (300, 200), (225, 150)),
        (",200", (300, 200), None),
        (",201", (300, 200), None),
        ("^,240", (300, 200), (360, 240)),
        ("pct:50", (300, 200), (150, 100)),
        ("pct:100", (300, 200), (300, 200)),
        ("pct:100.0", (300, 200), (300, 200)),
        ("pct:99.99", (300, 200), None),
        ("pct:99", (300, 200), (297, 198)),
        ("^pct:120", (300, 200), (360, 240)),
        ("^pct:99.99", (300, 200), (300, 200)),
        ("225,100", (300, 200), (225, 100)),
        ("300,200", (300, 200), None),
        ("300,100", (300, 200), (300, 100)),
        ("301,100", (300, 200), None),
        ("100,201", (300, 200), None),
        ("^360,360", (300, 200), (360, 360)),
        ("^300,200", (300, 200), (300, 200)),
        ("!225,100", (300, 200), (150, 100)),
        ("!150,150", (300, 200), (150, 100)),
        ("!300,200", (300, 200), None),
        ("!300,100", (300, 200), (150, 100)),
        ("!400,400", (300, 200), None),
        ("!301,199", (300, 200), (299, 199)),
        ("^!360,360", (300, 200), (360, 240)),
        ("^!150,150", (300, 200), (150, 100)),
        ("!100,100", (200, 300), (67, 100)),
        ("!400,400", (4000, 3051), (400, 305)),
    ],
)  # fmt: skip
def test_each_form_fits_an_image(text: str, image: tuple[int, int], expected: tuple[int, int] | None) -> None:
    assert fit(text, *image) == expected


@pytest.mark.parametrize(
    ("text", "image", "expected"),
    [
        ("1,", (2, 3), (1, 2)),  # 1.5
        (",1", (5, 2), (3, 1)),  # 2.5
        ("pct:50", (5, 7), (3, 4)),  # 2.5, 3.5
        ("pct:50", (1, 3), (1, 2)),  # 0.5, 1.5
        ("pct:33.3333333333", (3, 30), (1, 10)),
        ("pct:0.1", (100, 100), (1, 1)),
        ("10,", (10_000, 3), (10, 1)),
        (",10", (3, 10_000), (1, 10)),
        ("!100,100", (100_000, 1), (100, 1)),
        ("pct:0.0000000001", (200_000, 1), (1, 1)),
    ],
)
def test_ties_round_up_and_no_side_is_ever_0(text: str, image: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fit(text, *image) == expected


@pytest.mark.parametrize(
    ("side", "numerator", "denominator", "expected"),
    [(3, 1, 2, 2), (5, 1, 2, 3), (7, 1, 3, 2), (8, 1, 3, 3), (1, 1, 2, 1), (1, 1, 3, 1), (10, 1, 1, 10)],
)
def test_scaling_is_exact(side: int, numerator: int, denominator: int, expected: int) -> None:
    assert scaled(side, numerator, denominator) == expected


@given(TEXTS, IMAGES)
def test_without_a_caret_no_size_is_larger_than_the_image(text: str, image: Size) -> None:
    size = size_for(parse_size(text), image)
    if size is None:
        assert not text.startswith("^")
    elif not text.startswith("^"):
        assert size.width <= image.width
        assert size.height <= image.height
        assert size != image or text == "max" or parse_size(text).percent == 100


@given(TEXTS, IMAGES)
def test_a_size_keeps_what_its_form_promises(text: str, image: Size) -> None:
    request = parse_size(text)
    size = size_for(request, image)
    if size is None:
        return
    match request.kind:
        case SizeKind.EXACT:
            assert (size.width, size.height) == (request.width, request.height)
        case SizeKind.WIDTH:
            assert size.width == request.width
            assert abs(size.height * image.width - image.height * size.width) * 2 <= image.width or size.height == 1
        case SizeKind.HEIGHT:
            assert size.height == request.height
            assert abs(size.width * image.height - image.width * size.height) * 2 <= image.height or size.width == 1
        case SizeKind.CONFINED:
            assert request.width is not None
            assert request.height is not None
            assert size.width <= request.width
            assert size.height <= request.height
            assert size.width == request.width or size.height == request.height
        case SizeKind.PERCENT:
            assert request.percent is not None
            assert abs(Fraction(size.width) - image.width * request.percent / 100) <= Fraction(1, 2) or size.width == 1
        case SizeKind.MAX:
            assert size == image


@given(TEXTS)
def test_the_canonical_text_means_the_same(text: str) -> None:
    assert parse_size(parse_size(text).text) == parse_size(text)


@given(st.text())
def test_any_text_is_a_size_or_a_named_error(text: str) -> None:
    try:
        request = parse_size(text)
    except SizeError:
        return
    assert size_for(request, Size(640, 480)) is None or request.text


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('["!1024,1024", "pct:50", "max"]', ["!1024,1024", "pct:50", "max"]),
        ("[1000, 400]", ["!1000,1000", "!400,400"]),
        ('[1000, "^,200"]', ["!1000,1000", "^,200"]),
        ("1000,400,200,100", ["!1000,1000", "!400,400", "!200,200", "!100,100"]),
        (" 1000 ,\t400\r\n", ["!1000,1000", "!400,400"]),
        ("400", ["!400,400"]),
        ("[99999]", ["!99999,99999"]),
        (' \n["max"]\t', ["max"]),
        ("[400, 400]", ["!400,400", "!400,400"]),
    ],
)
def test_the_data_of_a_thumbs_policy_is_read_in_its_order(data: str, texts: list[str]) -> None:
    assert [size.text for size in parse_sizes(data)] == texts


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("[]", f"0 entries: expected {EXPECTED_LIST}"),
        (json.dumps([400] * 101), f"101 entries: expected {EXPECTED_LIST}"),
        (",".join(["400"] * 101), f"101 entries: expected {EXPECTED_LIST}"),
        ("{}", f"'{{}}' is no list: expected {EXPECTED_LIST}"),
        ('"max"', f"'\"max\"' is no list: expected {EXPECTED_LIST}"),
        ("null", f"'null' is no list: expected {EXPECTED_LIST}"),
        ("[400, 0]", "entry 2, 0: expected an integer from 1 to 99999"),
        ("[-400]", "entry 1, -400: expected an integer from 1 to 99999"),
        ("[100000]", "entry 1, 100000: expected an integer from 1 to 99999"),
        ("[true]", f"entry 1, true: expected {EXPECTED_SIZE}"),
        ("[null]", f"entry 1, null: expected {EXPECTED_SIZE}"),
        ("[400.0]", f"entry 1, 400.0: expected {EXPECTED_SIZE}"),
        ("[[400]]", f"entry 1, [400]: expected {EXPECTED_SIZE}"),
        ('["max", "large"]', f"entry 2, 'large' is no size: expected {EXPECTED_SIZE}"),
        ('["400"]', f"entry 1, '400' is no size: expected {EXPECTED_SIZE}; write `!400,400`"),
        ("large", f"'large' is not JSON (Expecting value, line 1 column 1): expected {EXPECTED_LIST}"),
        ("1000;400", f"'1000;400' is not JSON (Extra data, line 1 column 5): expected {EXPECTED_LIST}"),
        ("", f"'' is not JSON (Expecting value, line 1 column 1): expected {EXPECTED_LIST}"),
    ],
)
def test_a_bad_policy_is_told_which_entry_and_what_was_expected(data: str, told: str) -> None:
    with pytest.raises(SizeError) as error:
        parse_sizes(data)
    assert str(error.value) == told


@pytest.mark.parametrize("data", [json.dumps([400] * 100), ",".join(["400"] * 100)])
def test_a_hundred_sizes_are_still_read(data: str) -> None:
    assert len(parse_sizes(data)) == 100


@given(
    st.one_of(
        st.text(), st.recursive(st.one_of(st.none(), st.integers(), st.floats(), TEXTS), st.lists).map(json.dumps)
    )
)
def test_any_policy_data_gives_sizes_or_a_named_error(data: str) -> None:
    try:
        sizes = parse_sizes(data)
    except SizeError:
        return
    assert sizes
