"""Colours: what is converted, what is left alone, and arithmetic that holds for every level."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from processor.colour import Alpha, Model, Samples, converter, to_8_bits
from processor.errors import Refusal
from tests.corpus.pictures import colour, grey

RAMP = np.arange(256, dtype=np.uint8).reshape(1, -1, 1)


def test_8_bits_survive_16() -> None:
    assert (to_8_bits(RAMP.astype(np.uint16) * 257) == RAMP).all()


@given(arrays.arrays(np.uint16, (3, 5, 1)))
def test_fewer_bits_are_the_nearest_ones(pixels: NDArray[np.uint16]) -> None:
    assert (np.abs(to_8_bits(pixels).astype(float) - pixels / 257) <= 0.5).all()


@given(st.integers(1, 16), st.data())
def test_the_ends_of_every_depth_are_black_and_white(bits: int, data: st.DataObject) -> None:
    kind = np.uint8 if bits <= 8 else np.uint16
    level = data.draw(st.integers(0, (1 << bits) - 1))
    levels = np.array([[0, (1 << bits) - 1, level]], kind)
    made = converter(Samples(Model.GREY, bits), deep=False)(levels)[0, :, 0]
    assert list(made[:2]) == [0, 255]
    assert abs(int(made[2]) - level * 255 / ((1 << bits) - 1)) <= 0.51


def test_what_is_tagged_as_srgb_is_not_touched() -> None:
    tagged = Samples(Model.RGB, 8, profile=imagecodecs.cms_profile("srgb"))
    assert (converter(tagged, deep=False)(colour()) == colour()).all()


def test_a_profile_of_another_kind_or_none_at_all_says_nothing() -> None:
    for profile in (b"", b"rubbish" * 40, imagecodecs.cms_profile("gray", gamma=1.8)):
        assert (converter(Samples(Model.RGB, 8, profile=profile), deep=False)(colour()) == colour()).all()


def test_a_profile_that_is_broken_inside_is_refused() -> None:
    profile = bytearray(imagecodecs.cms_profile("adobergb"))
    profile[200:] = bytes(len(profile) - 200)
    with pytest.raises(Refusal, match="colour profile"):
        converter(Samples(Model.RGB, 8, profile=bytes(profile)), deep=False)(colour())


def test_grey_with_a_curve_stays_grey() -> None:
    curved = Samples(Model.GREY, 8, profile=imagecodecs.cms_profile("gray", gamma=1.0))
    made = converter(curved, deep=False)(grey())
    assert made.shape == grey().shape
    assert (made >= grey()).all()


def test_deep_colours_are_converted_as_shallow_ones_are() -> None:
    profile = imagecodecs.cms_profile("adobergb")
    deep = converter(Samples(Model.RGB, 16, profile=profile), deep=True)(colour().astype(np.uint16) * 257)
    shallow = converter(Samples(Model.RGB, 8, profile=profile), deep=False)(colour())
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - shallow).max() <= 1.5


@given(st.integers(0, 255), st.integers(0, 255))
def test_alpha_mixes_with_white(level: int, cover: int) -> None:
    pixel = np.array([[[level, cover]]], np.uint8)
    made = converter(Samples(Model.GREY, 8, Alpha.STRAIGHT), deep=False)(pixel)
    assert abs(int(made[0, 0, 0]) - (level * cover + 255 * (255 - cover)) / 255) <= 0.51


def test_floating_point_is_from_0_to_1() -> None:
    convert = converter(Samples(Model.GREY, 0), deep=False)
    assert list(convert(np.array([[0.0, 0.5, 1.0, 1.005, -0.005]], np.float32))[0, :, 0]) == [0, 128, 255, 255, 0]
    for bad in (1.2, -0.2, np.nan, np.inf):
        with pytest.raises(Refusal):
            convert(np.array([[0.0, bad]], np.float32))
        tolerant = converter(Samples(Model.GREY, 0), deep=False, tolerant=True)
        assert tolerant(np.array([[0.0, bad]], np.float32)).shape == (1, 2, 1)


def test_neutral_inks_and_lightness_stay_neutral() -> None:
    inks = np.zeros((1, 256, 4), np.uint8)
    inks[0, :, 3] = np.arange(256)
    made = converter(Samples(Model.CMYK, 8), deep=False)(inks)
    assert (made == 255 - RAMP).all()
    deep = np.zeros((1, 256, 3), np.uint16)
    deep[0, :, 0] = np.arange(256) * 257
    shades = converter(Samples(Model.LAB, 16), deep=False)(deep).astype(int)
    assert np.abs(shades - shades[..., :1]).max() <= 1
