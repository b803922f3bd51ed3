"""Media types: which count as images, and which an original is stored with."""

from __future__ import annotations

import pytest

from images.formats import ImageFormat
from policies.media_type import BY_SUFFIX, bare, content_type, is_unknown, may_be_image


@pytest.mark.parametrize("unknown", ["", " ", "unknown", "Unknown", "image/unknown", "IMAGE/UNKNOWN; x=y"])
def test_what_a_row_does_not_know_counts_as_an_image(unknown: str) -> None:
    assert is_unknown(unknown)
    assert may_be_image(unknown)


@pytest.mark.parametrize(("media_type", "image"), [("image/x", True), ("IMAGE/tiff", True), ("imagery/x", False)])
def test_images_are_told_by_their_type(media_type: str, image: bool) -> None:
    assert not is_unknown(media_type)
    assert may_be_image(media_type) is image


def test_parameters_and_case_do_not_count() -> None:
    assert bare(" Text/HTML ; charset=utf-8") == "text/html"
    assert bare(None) == ""


def test_bytes_come_before_headers_and_headers_before_names() -> None:
    assert content_type("image/png", "image/jpeg", ["a.tif"]) == "image/png"
    assert content_type(None, "image/jpeg", ["a.tif"]) == "image/jpeg"
    assert content_type(None, "application/octet-stream", ["a.b", "c/d.TIF?x#y"]) == "image/tiff"
    assert content_type(None, "", ["tif", "a.tif"]) == "image/tiff"
    assert content_type(None, "", ["https://example.org/a.b.tif"]) == "image/tiff"
    assert content_type(None, "", ["https://example.org/a.tif/", "a.TIFF/b"]) == "application/octet-stream"
    assert content_type(None, None, []) == "application/octet-stream"


@pytest.mark.parametrize("form", ImageFormat)
def test_the_suffix_of_every_image_format_says_its_type(form: ImageFormat) -> None:
    assert BY_SUFFIX[form.suffix.removeprefix(".")] == form.media_type
