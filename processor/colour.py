"""From whatever a file's samples mean to what is stored: sRGB or greyscale, 8 or 16 bits, on white.

A source says once how its samples are to be read (`Samples`) and gets a function for its strips. Knows arrays
and ICC profiles; no file format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from processor.errors import Refusal
from processor.picture import Pixels

Array = NDArray[Any]
TOLERANCE = 0.01
"""How far beyond 0 … 1 a floating-point sample may lie before the picture is refused as something else."""


class Model(Enum):
    """What the colour samples of a pixel mean."""

    GREY = auto()
    WHITE_IS_ZERO = auto()
    RGB = auto()
    CMYK = auto()
    LAB = auto()

    @property
    def samples(self) -> int:
        return {Model.GREY: 1, Model.WHITE_IS_ZERO: 1, Model.CMYK: 4}.get(self, 3)


class Alpha(Enum):
    """What a sample after the colours means."""

    NONE = auto()
    STRAIGHT = auto()
    PREMULTIPLIED = auto()
    IGNORED = auto()


@dataclass(frozen=True, slots=True)
class Samples:
    """How a file's samples are to be read."""

    model: Model
    bits: int = 8  # of a sample's range: 1 to 32; 0 for floating point
    alpha: Alpha = Alpha.NONE
    profile: bytes | None = None

    @property
    def components(self) -> int:
        return 1 if self.model in (Model.GREY, Model.WHITE_IS_ZERO) else 3


def converter(samples: Samples, *, deep: bool, tolerant: bool = False) -> Callable[[Array], Pixels]:
    """The function that turns strips of a file into what is stored; `deep` keeps more than 8 bits as 16."""
    kind = np.dtype(np.uint8) if samples.bits in range(1, 9) else np.dtype(np.uint16)
    narrow = kind == np.uint16 and not deep
    if narrow and samples.model is not Model.LAB:
        kind = np.dtype(np.uint8)  # colours are converted in the depth that is stored
    paint = _painter(samples, kind)

    def convert(strip: Array) -> Pixels:
        pixels = _levels(strip, samples.bits, tolerant=tolerant)
        colours = pixels[..., : samples.model.samples]
        if samples.alpha is Alpha.PREMULTIPLIED:
            colours = _unmultiply(colours, pixels[..., samples.model.samples])
        picture = paint(to_8_bits(colours) if kind == np.uint8 else colours)
        if narrow:
            picture = to_8_bits(picture)
        if samples.alpha in (Alpha.STRAIGHT, Alpha.PREMULTIPLIED):
            alpha = pixels[..., samples.model.samples]
            picture = _on_white(picture, to_8_bits(alpha) if picture.dtype == np.uint8 else alpha)
        return np.ascontiguousarray(picture)

    return convert


def output_bits(samples: Samples, *, deep: bool) -> int:
    """The bits of a stored sample."""
    return 16 if deep and samples.bits not in range(1, 9) else 8


def to_8_bits(pixels: Array) -> NDArray[np.uint8]:
    """The nearest 8-bit levels; what has 8 bits comes back as it is."""
    if pixels.dtype == np.uint8:
        return pixels
    small: NDArray[np.uint8] = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return small


def _levels(strip: Array, bits: int, *, tolerant: bool) -> Array:
    """The same samples spread over the whole range of 8 or 16 bits."""
    if strip.ndim == 2:
        strip = strip[..., np.newaxis]
    if strip.dtype.kind == "f":
        return _from_float(strip, tolerant=tolerant)
    if strip.dtype.kind not in "bu":
        raise Refusal(f"signed {strip.dtype.itemsize * 8}-bit samples are not supported")
    if bits in (8, 16) and strip.dtype.itemsize * 8 == bits:
        return strip
    if bits == 32:
        return (strip >> 16).astype(np.uint16)
    top = (1 << bits) - 1
    goal, wide = (255, np.uint8) if bits < 8 else (65535, np.uint16)
    return ((strip.astype(np.uint32) * goal + top // 2) // top).astype(wide)


def _from_float(strip: Array, *, tolerant: bool) -> NDArray[np.uint16]:
    with np.errstate(over="ignore"):
        strip = strip.astype(np.float32, copy=False)
    low, high = float(np.nanmin(strip, initial=0.0)), float(np.nanmax(strip, initial=0.0))
    beyond = low < -TOLERANCE or high > 1 + TOLERANCE
    if not tolerant and (beyond or bool(np.isnan(strip).any())):
        raise Refusal(
            f"floating-point samples from 0 to 1 are expected; these reach from {low:g} to {high:g}"
            if beyond
            else "some floating-point samples are not numbers"
        )
    levels: NDArray[np.uint16] = (np.nan_to_num(np.clip(strip, 0.0, 1.0)) * 65535 + 0.5).astype(np.uint16)
    return levels


def _painter(samples: Samples, kind: np.dtype[Any]) -> Callable[[Array], Array]:
    """The conversion of colours alone, in the depth that `kind` says."""
    profile = samples.profile
    match samples.model:
        case Model.GREY:
            return _grey_curve(profile, kind)
        case Model.WHITE_IS_ZERO:
            curve = _grey_curve(profile, kind)
            return lambda pixels: curve(np.iinfo(kind).max - pixels)
        case Model.RGB:
            if profile is None or not _fits(profile, b"RGB ") or _is_srgb(profile):
                return lambda pixels: pixels
            return lambda pixels: _transform(pixels, profile, "rgb")
        case Model.CMYK:
            if profile is None or not _fits(profile, b"CMYK"):
                return _plain_cmyk
            return lambda pixels: _transform(pixels, profile, "cmyk")
        case Model.LAB:
            return _from_lab


def _fits(profile: bytes, space: bytes) -> bool:
    """Whether a profile is one, and for this colour space; anything else is a stray tag and says nothing."""
    return len(profile) > 132 and profile[36:40] == b"acsp" and profile[16:20] == space


def _transform(pixels: Array, profile: bytes, space: str) -> Array:
    try:
        done: Array = imagecodecs.cms_transform(
            np.ascontiguousarray(pixels),
            profile,
            imagecodecs.cms_profile("srgb"),
            colorspace=space,
            outcolorspace="rgb",
            intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
            flags=_FLAGS if pixels.dtype == np.uint8 else _FLAGS | imagecodecs.CMS.FLAGS.NOOPTIMIZE,
        )
    except (RuntimeError, ValueError, TypeError) as error:
        raise Refusal(f"its embedded colour profile cannot be used: {error}") from error
    return done


_FLAGS = imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION
"""With 16 bits lcms would go through a coarse table, 16 levels off near the edge of the gamut: unless told not to."""


def _is_srgb(profile: bytes) -> bool:
    """Whether a profile moves no colour of a coarse cube by more than one level: then nothing is converted."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    moved = _transform(cube, profile, "rgb").astype(int) - cube
    return int(np.abs(moved).max()) <= 1


def _grey_curve(profile: bytes | None, kind: np.dtype[Any]) -> Callable[[Array], Array]:
    """Grey to grey: one table for all levels, made by sending a ramp through the profile."""
    if profile is None or not _fits(profile, b"GRAY"):
        return lambda pixels: pixels
    ramp = np.arange(np.iinfo(kind).max + 1, dtype=kind).reshape(1, -1)
    table = np.ascontiguousarray(_transform(ramp, profile, "gray")[0, :, 1])
    if int(np.abs(table.astype(int) - ramp[0]).max()) <= np.iinfo(kind).max // 255:
        return lambda pixels: pixels
    return lambda pixels: table[pixels]


def _plain_cmyk(pixels: Array) -> Array:
    """CMYK without a profile: inks as filters over each other, as everybody shows it."""
    top = np.iinfo(pixels.dtype).max
    light = top - pixels.astype(np.uint32)
    return ((light[..., :3] * light[..., 3:] + top // 2) // top).astype(pixels.dtype)


def _from_lab(pixels: Array) -> Array:
    """CIE L*a*b* (D50; a* and b* as signed numbers, as TIFF has them) to sRGB."""
    top = np.iinfo(pixels.dtype).max
    signed = pixels[..., 1:].view(np.int8 if pixels.dtype == np.uint8 else np.int16).astype(np.float32)
    lightness = pixels[..., 0].astype(np.float32) * (100 / top)
    chroma = signed if pixels.dtype == np.uint8 else signed / 256
    fy = (lightness + 16) / 116
    f = np.stack((fy + chroma[..., 0] / 500, fy, fy - chroma[..., 1] / 200), axis=-1)
    linear = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2)) @ _LAB_TO_LINEAR.T
    linear = np.clip(linear, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (np.clip(shown, 0, 1) * top + 0.5).astype(pixels.dtype)


# D50 white, then Bradford to D65, then to linear sRGB primaries
_LAB_TO_LINEAR = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ],
    dtype=np.float32,
) * np.array([0.96422, 1.0, 0.82521], dtype=np.float32)


def _unmultiply(colours: Array, alpha: Array) -> Array:
    """Colours as they were before they were multiplied with their alpha."""
    top = np.iinfo(colours.dtype).max
    cover = alpha[..., np.newaxis].astype(np.uint64)
    whole = np.minimum(colours.astype(np.uint64) * top // np.maximum(cover, 1), top)
    return np.where(cover == 0, 0, whole).astype(colours.dtype)


def _on_white(picture: Array, alpha: Array) -> Array:
    top = np.iinfo(picture.dtype).max
    cover = alpha[..., np.newaxis].astype(np.uint64)
    return ((picture * cover + top * (top - cover) + top // 2) // top).astype(picture.dtype)
