"""THUMBS: every thumbnail, exactly, before anybody is asked for it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from images.iiif_size import IiifSize, SizeError, parse_size, size_for
from images.size import Size
from policies.outcome import Refused
from policies.plan import IngestPlan
from policies.thumbs import (
    MOST_PIXELS_ENLARGED,
    Thumb,
    ThumbPlan,
    as_stored,
    list_thumbs,
    one_per_key,
    sizes_json,
)
from tests.unit.policies.make import make_plan, make_rules, sizes

PHOTO = Size(4000, 3046)
PORTRAIT = Size(3046, 4000)


def plan_of(*texts: str, **given: Any) -> IngestPlan:
    """A plan that asks exactly these sizes."""
    return replace(make_plan(**given), thumb_sizes=sizes(*texts))


def thumbs_of(image: Size, *texts: str, cascade: bool = True, **given: Any) -> ThumbPlan:
    """The thumbnails of an image for these sizes."""
    listed = list_thumbs(plan_of(*texts, **given), image, make_rules(cascade=cascade))
    assert isinstance(listed, ThumbPlan)
    return listed


def forms(plan: ThumbPlan) -> list[str]:
    return [asked.form for asked in plan.asked]


def dimensions(plan: ThumbPlan) -> list[str]:
    return [str(thumb.size) for thumb in plan.thumbs]


DEFAULTS = ("!100,100", "!200,200", "!400,400", "!1024,1024")


def test_the_usual_sizes_cost_one_request() -> None:
    plan = thumbs_of(PHOTO, *DEFAULTS)
    assert dimensions(plan) == ["1024,780", "400,305", "200,152", "100,76"]
    assert forms(plan) == ["1024,"]
    assert [str(derived.thumb.size) for derived in plan.derived] == ["400,305", "200,152", "100,76"]
    assert {derived.source for derived in plan.derived} == {plan.asked[0].thumb}
    assert plan.enlarge_from is None


def test_without_the_cascade_every_size_is_asked_in_its_cheap_form() -> None:
    assert forms(thumbs_of(PHOTO, *DEFAULTS, cascade=False)) == ["1024,", "400,", "200,", "100,"]
    assert forms(thumbs_of(PORTRAIT, *DEFAULTS, cascade=False)) == [",1024", ",400", ",200", ",100"]
    assert thumbs_of(PHOTO, *DEFAULTS, cascade=False).derived == ()


@pytest.mark.parametrize(
    ("image", "size", "form"),
    [
        (PHOTO, "1024,", "1024,"),
        (PHOTO, ",780", "1024,"),
        (PHOTO, "1024,780", "1024,"),
        (PHOTO, "1024,700", "1024,700"),
        (PORTRAIT, "1024,", ",1345"),
        (Size(1000, 1000), "!300,300", "300,"),
        (Size(1000, 30), ",7", "233,"),
        (Size(1000, 3), "!100,100", "100,1"),
        (Size(1000, 4), "2,", "2,1"),
        (Size(3, 1000), "!100,100", "1,100"),
        (Size(1000, 5), "!100,100", "100,"),
        (Size(3000, 1000), ",1", "3,"),
        (Size(999, 1000), ",500", ",500"),
        (Size(1000, 999), "500,", "500,"),
        (PHOTO, "max", "max"),
        (PHOTO, "^max", "max"),
        (PHOTO, "pct:100", "max"),
        (PHOTO, "^4000,", "max"),
        (PHOTO, "pct:50", "2000,"),
        (PHOTO, "^1024,", "1024,"),
        (PHOTO, "^5000,", "^5000,"),
        (PHOTO, "^!5000,5000", "^5000,"),
        (PORTRAIT, "^!5000,5000", "^,5000"),
        (PHOTO, "^pct:200", "^8000,"),
        (PHOTO, "^4500,100", "^4500,100"),
    ],
)
def test_each_size_is_asked_in_the_cheapest_form_that_gives_it_exactly(image: Size, size: str, form: str) -> None:
    assert forms(thumbs_of(image, size)) == [form]


def test_what_has_another_shape_or_is_larger_than_half_is_asked_too() -> None:
    plan = thumbs_of(PHOTO, "1024,", "!513,513", "!512,512", "300,300")
    assert forms(plan) == ["1024,", "513,", "300,300"]
    assert [str(derived.thumb.size) for derived in plan.derived] == ["512,390"]


def test_nothing_is_derived_from_another_shape() -> None:
    plan = thumbs_of(PHOTO, "2000,100", "1024,", "400,")
    assert forms(plan) == ["2000,100", "1024,"]
    assert [(str(one.thumb.size), str(one.source.size)) for one in plan.derived] == [("400,305", "1024,780")]


def test_nothing_is_derived_from_max_whose_size_the_server_decides() -> None:
    plan = thumbs_of(PHOTO, "max", "1024,", "400,")
    assert forms(plan) == ["max", "1024,"]
    assert [asked.thumb.capped for asked in plan.asked] == [True, False]
    assert [str(one.source.size) for one in plan.derived] == ["1024,780"]


def test_sizes_that_enlarge_without_asking_for_it_are_left_out() -> None:
    small = Size(300, 200)
    plan = thumbs_of(small, "400,", ",200", "300,200", "pct:50", "!500,500", "!200,200")
    assert dimensions(plan) == ["200,133", "150,100"]


@pytest.mark.parametrize("texts", [("400,",), DEFAULTS, ("300,200", "!300,300"), ("max",)])
def test_if_none_remains_there_is_one_at_the_images_own_size(texts: tuple[str, ...]) -> None:
    plan = thumbs_of(Size(80, 60), *texts)
    assert dimensions(plan) == ["80,60"]
    assert forms(plan) == ["max"]
    assert plan.thumbs[0].key == "99/1/page-1/open/80.jpg"
    assert plan.thumbs[0].capped


def test_nothing_asked_is_nothing_made() -> None:
    assert thumbs_of(PHOTO) == ThumbPlan(PHOTO, (), ())


def test_enlarged_sizes_are_asked_and_can_be_made_from_the_largest_rendering() -> None:
    plan = thumbs_of(PHOTO, "^5000,", "1024,", "500,100")
    assert forms(plan) == ["^5000,", "1024,", "500,100"]
    assert [asked.thumb.enlarged for asked in plan.asked] == [True, False, False]
    assert plan.enlarge_from == plan.asked[1]
    assert thumbs_of(PHOTO, "^5000,", "1024,", cascade=False).enlarge_from == plan.asked[1]


def test_without_another_rendering_the_whole_image_is_what_is_enlarged() -> None:
    plan = thumbs_of(Size(80, 60), "^160,", "40,40")
    assert plan.enlarge_from is not None
    assert plan.enlarge_from.form == "max"
    assert plan.enlarge_from.thumb == Thumb(Size(80, 60), "99/1/page-1/open/80.jpg", open=True, capped=True)
    assert plan.enlarge_from.thumb not in plan.thumbs


def test_max_itself_will_do_to_enlarge_from() -> None:
    plan = thumbs_of(Size(80, 60), "^160,", "max")
    assert plan.enlarge_from == plan.asked[1]


def test_one_side_that_grows_is_enough_to_be_enlarged() -> None:
    assert [thumb.enlarged for thumb in thumbs_of(Size(100, 200), "^101,10", "^10,201", "^100,10").thumbs] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("size", "refused"), [("^10000,5000", False), ("^10000,5001", True), ("^5001,10000", True)])
def test_enlarging_beyond_reason_is_refused(size: str, refused: bool) -> None:
    answer = list_thumbs(plan_of(size), Size(100, 100), make_rules())
    assert isinstance(answer, Refused) is refused
    if isinstance(answer, Refused):
        assert answer.reason.code == "thumbnail-too-large"
        assert f"from 100,100 to {size[1:]}" in answer.reason.message.replace("enlarge 100", "enlarge from 100")
        assert str(MOST_PIXELS_ENLARGED) in answer.reason.message


def test_a_large_image_keeps_a_large_thumbnail() -> None:
    assert dimensions(thumbs_of(Size(20_000, 10_000), "max", "19000,")) == ["20000,10000", "19000,9500"]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (("1024,780", "1024,500"), ["1024,780"]),
        (("1024,500", "1024,780"), ["1024,780"]),
        (("1024,900", "1024,780"), ["1024,780"]),
        (("1024,500", "1024,600"), ["1024,600"]),
        (("1024,600", "1024,500"), ["1024,600"]),
        (("1024,", "!1024,1024", ",780"), ["1024,780"]),
    ],
)
def test_of_sizes_that_share_a_key_the_images_own_shape_wins_then_the_larger(
    texts: tuple[str, ...], kept: list[str]
) -> None:
    assert dimensions(thumbs_of(PHOTO, *texts)) == kept


@pytest.mark.parametrize(
    ("bound", "roles", "open_edges"),
    [
        (None, (), [1024, 400, 200, 100]),
        (-1, (), [1024, 400, 200, 100]),
        (None, ("r",), []),
        (-1, ("r",), []),
        (0, (), []),
        (0, ("r",), []),
        (400, (), [400, 200, 100]),
        (399, (), [200, 100]),
        (400, ("r",), [400, 200, 100]),
        (5000, ("r",), [1024, 400, 200, 100]),
    ],
)
def test_who_may_see_a_thumbnail_is_for_max_unauthorised_and_roles_to_say(
    bound: int | None, roles: tuple[str, ...], open_edges: list[int]
) -> None:
    plan = thumbs_of(PHOTO, *DEFAULTS, max_unauthorised=bound, roles=roles)
    assert [thumb.size.longest for thumb in plan.thumbs if thumb.open] == open_edges
    for thumb in plan.thumbs:
        assert thumb.key == f"99/1/page-1/{'open' if thumb.open else 'auth'}/{thumb.size.longest}.jpg"


def test_the_list_of_sizes_is_what_the_dlcs_writes_byte_for_byte() -> None:
    plan = thumbs_of(PHOTO, *DEFAULTS, max_unauthorised=200)
    assert sizes_json(reversed(plan.thumbs)) == '{"o":[[200,152],[100,76]],"a":[[1024,780],[400,305]]}'
    same_edge = [Thumb(Size(*size), "", open=True) for size in ((300, 400), (400, 200), (400, 300), (500, 1))]
    assert sizes_json(same_edge) == '{"o":[[500,1],[400,300],[300,400],[400,200]],"a":[]}'
    assert sizes_json(()) == '{"o":[],"a":[]}'


def test_a_thumbnail_that_came_smaller_is_stored_as_what_it_is() -> None:
    plan = plan_of("max", max_unauthorised=3000)
    [thumb] = thumbs_of(Size(8000, 6000), "max", max_unauthorised=3000).thumbs
    stored = as_stored(thumb, Size(2000, 1500), plan)
    assert (stored.key, stored.open, stored.size) == ("99/1/page-1/open/2000.jpg", True, Size(2000, 1500))
    assert thumb.key == "99/1/page-1/auth/8000.jpg"
    assert as_stored(thumb, thumb.size, plan) is thumb


def test_of_what_was_stored_under_one_key_one_remains() -> None:
    plan = plan_of("max")
    made = [as_stored(thumb, Size(1024, 780), plan) for thumb in thumbs_of(PHOTO, "max", "1024,").thumbs]
    assert len(one_per_key(made, PHOTO)) == 1


sides = st.integers(1, 12_000)
images = st.builds(Size, sides, sides)
texts_like_sizes = st.from_regex(r"\^?!?(pct:)?[0-9]{0,5},?[0-9]{0,5}", fullmatch=True)
grammar = st.one_of(
    st.sampled_from(["max", "^max", "pct:100"]),
    st.builds("{}{}{},{}".format, st.sampled_from(["", "^"]), st.sampled_from(["", "!"]), sides, sides),
    st.builds("{}{},".format, st.sampled_from(["", "^"]), sides),
    st.builds("{},{}".format, st.sampled_from(["", "^"]), sides),
    st.builds("pct:{}".format, st.integers(1, 99)),
    st.builds("^pct:{}".format, st.integers(1, 300)),
)


def by_the_server(form: str, image: Size) -> Size | None:
    """What an image server that rounds to the nearest pixel makes of a request; None: it would refuse."""
    up, bare = form.startswith("^"), form.removeprefix("^")
    if bare == "max":
        return image
    width, height = ((int(side) if side else None) for side in bare.split(","))
    rounded_width = width or _nearest(Fraction(image.width * (height or 0), image.height))
    rounded_height = height or _nearest(Fraction(image.height * (width or 0), image.width))
    if 0 in {rounded_width, rounded_height}:
        return None
    if not up and (rounded_width > image.width or rounded_height > image.height):
        return None
    return Size(rounded_width, rounded_height)


def _nearest(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


@given(
    images, st.lists(grammar, min_size=1, max_size=8), st.booleans(), st.none() | st.integers(-1, 2000), st.booleans()
)
def test_whatever_is_asked_the_server_is_only_asked_for_what_it_gives(
    image: Size, texts: list[str], cascade: bool, bound: int | None, hidden: bool
) -> None:
    roles = ("r",) if hidden else ()
    answer = list_thumbs(plan_of(*texts, max_unauthorised=bound, roles=roles), image, make_rules(cascade=cascade))
    assume(isinstance(answer, ThumbPlan))
    assert isinstance(answer, ThumbPlan)
    thumbs = answer.thumbs
    assert thumbs
    assert len({thumb.key for thumb in thumbs}) == len({thumb.size.longest for thumb in thumbs}) == len(thumbs)
    assert [thumb.size.longest for thumb in thumbs] == sorted((one.size.longest for one in thumbs), reverse=True)
    for asked in answer.asked:
        assert by_the_server(asked.form, image) == asked.thumb.size
        assert asked.thumb.enlarged is asked.form.startswith("^")
    for derived in answer.derived:
        assert cascade
        assert 2 * derived.thumb.size.longest <= derived.source.size.longest
        assert derived.source in {asked.thumb for asked in answer.asked}
        assert not derived.source.enlarged
        assert not derived.source.capped
    wanted = {size_for(parse_size(text), image) for text in texts} - {None} or {image}
    assert {thumb.size for thumb in thumbs} <= wanted
    assert {thumb.size.longest for thumb in thumbs} == {size.longest for size in wanted if size}
    listed = json.loads(sizes_json(thumbs))
    assert sorted(listed["o"] + listed["a"]) == sorted([one.size.width, one.size.height] for one in thumbs)


def parsed(text: str) -> IiifSize | SizeError:
    """A text as a size, or what is wrong with it."""
    try:
        return parse_size(text)
    except SizeError as error:
        return error


@given(st.text(st.characters(), max_size=12) | texts_like_sizes, images)
def test_any_text_gives_a_thumbnail_that_fits_or_a_named_error(text: str, image: Size) -> None:
    request = parsed(text)
    if isinstance(request, SizeError):
        assert "expected" in str(request)
        return
    answer = list_thumbs(replace(make_plan(), thumb_sizes=(request,)), image, make_rules())
    if isinstance(answer, Refused):
        assert answer.reason.code == "thumbnail-too-large"
    else:
        [thumb] = answer.thumbs
        assert request.upscale or (thumb.size.width <= image.width and thumb.size.height <= image.height)
