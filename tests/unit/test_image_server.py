"""What the image server makes of a path, before any pixel: requests, regions, sizes, descriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.size import Size
from local.image_server.geometry import Box, box_for, canonical_for, target_for
from local.image_server.info import describe
from local.image_server.request import BadRequest, ImageRequest, NotFound, S3Object, parse_path

PAGE = "s3:%2F%2Fstorage%2F99%2F1%2Fpage-1"
MOST = 40_000_000
SIDES = st.integers(1, 20_000)
SIZES = st.builds(Size, SIDES, SIDES)


def asked(path: str) -> ImageRequest:
    what = parse_path(f"{PAGE}/{path}").what
    assert what is not None
    return what


def test_an_identifier_is_an_s3_uri_percent_encoded_throughout() -> None:
    assert parse_path(f"{PAGE}/info.json").object == S3Object("storage", "99/1/page-1")
    assert parse_path("%733%3a%2f%2Fb%2fa%20b%25/info.json").object == S3Object("b", "a b%")


@pytest.mark.parametrize(
    "path", ["page/info.json", "a/b/full/max/0/default.jpg", "s3:%2F%2Fbucket/info.json", "", "a/b"]
)
def test_what_names_no_image_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        parse_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "full/full/0/default.jpg",
        "all/max/0/default.jpg",
        "0,0,1/max/0/default.jpg",
        "pct:1,1,1,x/max/0/default.jpg",
        "-1,0,5,5/max/0/default.jpg",
        "full/0,/0/default.jpg",
        "full/max/45/default.jpg",
        "full/max/-90/default.jpg",
        "full/max/450/default.jpg",
        "full/max/0/native.jpg",
        "full/max/0/default.bmp",
        "full/max/0/default",
        "full/m%20x/0/default.jpg",
    ],
)
def test_what_makes_no_sense_for_any_image_is_a_bad_request(path: str) -> None:
    with pytest.raises(BadRequest, match="expected"):
        asked(path)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", Box(0, 0, 300, 200)),
        ("square", Box(50, 0, 250, 200)),
        ("10,20,30,40", Box(10, 20, 40, 60)),
        ("290,190,50,50", Box(290, 190, 300, 200)),
        ("pct:50,50,100,100", Box(150, 100, 300, 200)),
        ("pct:41.6,7.5,40,70", Box(125, 15, 245, 155)),
    ],
)
def test_a_region_is_cut_at_the_edges_of_the_image(region: str, box: Box) -> None:
    assert box_for(asked(f"{region}/max/0/default.jpg").region, Size(300, 200)) == box


@pytest.mark.parametrize("region", ["300,0,10,10", "0,200,1,1", "5,5,0,5", "pct:0,0,0,1", "pct:100,0,10,10"])
def test_a_region_without_pixels_is_a_bad_request(region: str) -> None:
    with pytest.raises(BadRequest, match="no pixels"):
        box_for(asked(f"{region}/max/0/default.jpg").region, Size(300, 200))


@pytest.mark.parametrize(
    ("size", "target"),
    [
        ("max", Size(300, 200)),
        ("^max", Size(300, 200)),
        ("150,", Size(150, 100)),
        (",100", Size(150, 100)),
        ("pct:50", Size(150, 100)),
        ("30,90", Size(30, 90)),
        ("!90,90", Size(90, 60)),
        ("300,", Size(300, 200)),
        ("!300,900", Size(300, 200)),
        ("^600,", Size(600, 400)),
        ("^!600,600", Size(600, 400)),
    ],
)
def test_sizes_are_those_of_the_image_api(size: str, target: Size) -> None:
    assert target_for(asked(f"full/{size}/0/default.jpg"), Box(0, 0, 300, 200), MOST) == target


@pytest.mark.parametrize("size", ["301,", ",201", "301,200", "!301,900", "!2000,3000"])
def test_a_size_that_would_enlarge_without_the_mark_is_a_bad_request(size: str) -> None:
    with pytest.raises(BadRequest, match="prefix"):
        target_for(asked(f"full/{size}/0/default.jpg"), Box(0, 0, 300, 200), MOST)


def test_more_pixels_than_are_given_at_once_are_a_bad_request_and_max_is_capped() -> None:
    whole = Box(0, 0, 300, 200)
    with pytest.raises(BadRequest, match="at once"):
        target_for(asked("full/^9000,/0/default.jpg"), whole, 10_000)
    assert target_for(asked("full/max/0/default.jpg"), whole, 15_000) == Size(150, 100)


@given(SIZES, st.integers(1, 100_000_000))
def test_max_has_at_most_the_pixels_that_are_given_at_once(image: Size, most: int) -> None:
    box = Box(0, 0, image.width, image.height)
    target = target_for(asked("full/max/0/default.jpg"), box, most)
    assert target.pixels <= max(most, 1)
    assert target.width <= image.width
    assert target.height <= image.height


@given(SIZES)
def test_every_size_that_info_json_offers_can_be_had_exactly(image: Size) -> None:
    sizes = describe("http://h/iiif/3/x", image, MOST)["sizes"]
    assert isinstance(sizes, list)
    for each in sizes:
        what = asked(f"full/{each['width']},{each['height']}/0/default.jpg")
        assert target_for(what, Box(0, 0, image.width, image.height), MOST) == Size(each["width"], each["height"])


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("full/300,/0/default.jpg", "full/max/0/default.jpg"),
        ("full/150,/0/default.jpg", "full/150,100/0/default.jpg"),
        ("0,0,400,400/max/360/gray.png", "full/max/0/gray.png"),
        ("pct:0,0,50,50/^300,/!90/default.jpg", "0,0,150,100/^300,200/!90/default.jpg"),
    ],
)
def test_two_ways_to_ask_for_one_picture_have_one_canonical_form(path: str, canonical: str) -> None:
    what, image = asked(path), Size(300, 200)
    box = box_for(what.region, image)
    assert canonical_for(what, image, box, target_for(what, box, MOST)) == canonical
