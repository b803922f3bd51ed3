"""JPEG through libjpeg-turbo (simplejpeg), which scales while it decodes and reports damage.

Pillow reads the header (EXIF, profile, resolution) but keeps libjpeg's warnings to itself, and a warning is all
that libjpeg has to say about a scan that breaks off or contradicts itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from images.size import Size
from processor.colour import Model, Samples
from processor.errors import Refusal
from processor.picture import Picture
from processor.sources.pillow import dots_per_inch, orientation_of
from processor.sources.port import Wish, check_size, check_whole, damaged, ends_early, unreadable, whole_picture

HARMLESS = re.compile(rb"extraneous bytes before marker 0xd9|Unknown Adobe color transform")
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SUPPORTED_FRAMES = {0xC0, 0xC1, 0xC2}
GREY_BLOCK = 128
"""What libjpeg paints where data is missing."""


@dataclass(frozen=True, slots=True)
class _Head:
    size: Size
    components: int
    orientation: int
    profile: bytes | None
    dpi: tuple[float, float] | None
    inverted: bool  # Adobe writes inks upside down


@contextmanager
def open_jpeg(path: Path, wish: Wish) -> Iterator[Picture]:
    """Opens a JPEG; scaled down by up to eight while decoding when less is wanted."""
    data = path.read_bytes()
    _check_frame(data)
    head = _head(path)
    check_size(head.size.width, head.size.height, wish.limits)
    scale = 1 << min(3, wish.reductions(_displayed(head)))
    check_whole(head.size, head.components * 2 / scale**2 + 3, wish.limits, "JPEG")
    pixels = _decode(data, head, scale, tolerant=wish.tolerant)
    del data
    model = {1: Model.GREY, 3: Model.RGB, 4: Model.CMYK}[head.components]
    yield whole_picture(
        pixels,
        Samples(model, 8, profile=head.profile),
        wish,
        whole=_displayed(head),
        orientation=head.orientation,
        dpi=head.dpi,
    )


def _displayed(head: _Head) -> Size:
    return Size(head.size.height, head.size.width) if head.orientation >= 5 else head.size


def _check_frame(data: bytes) -> None:
    """Refuses the kinds of JPEG that nobody decodes, by their own names."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAMES:
            precision, parts = data[at + 4], data[at + 9]
            if marker == 0xC3:
                raise Refusal("lossless JPEG (SOF3) is not supported; save it as TIFF")
            if marker not in SUPPORTED_FRAMES:
                raise Refusal(f"JPEG of kind SOF{marker - 0xC0} is not supported")
            if precision != 8:
                raise Refusal(f"JPEG with {precision} bits per sample is not supported; save it as 16-bit TIFF")
            if parts not in (1, 3, 4):
                raise Refusal(f"JPEG with {parts} components is not supported")
            return
        at += 2 if marker in (0xFF, 0x01) else 2 + int.from_bytes(data[at + 2 : at + 4])
    raise damaged("it ends before its picture begins")


def _head(path: Path) -> _Head:
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            return _Head(
                Size(image.width, image.height),
                len(image.getbands()),
                orientation_of(image),
                image.info.get("icc_profile"),
                dots_per_inch(image),
                inverted="adobe" in image.info,
            )
    except FileNotFoundError:
        raise
    except Exception as error:
        raise unreadable("its beginning", error) from error


def _decode(data: bytes, head: _Head, scale: int, *, tolerant: bool) -> NDArray[Any]:
    space = {1: "GRAY", 3: "RGB", 4: "CMYK"}[head.components]
    least = {"min_width": head.size.width // scale, "min_height": head.size.height // scale} if scale > 1 else {}
    try:
        pixels: NDArray[Any] = simplejpeg.decode_jpeg(data, space, strict=True, **least)
    except ValueError as error:
        if not (tolerant or HARMLESS.search(str(error).encode())):
            raise _reason(data, space, error) from error
        pixels = _what_there_is(data, space, least)
    return 255 - pixels if head.components == 4 and head.inverted else pixels


def _what_there_is(data: bytes, space: str, least: dict[str, int]) -> NDArray[Any]:
    try:
        pixels: NDArray[Any] = simplejpeg.decode_jpeg(data, space, strict=False, **least)
    except ValueError as error:
        raise damaged(error) from error
    return pixels


def _reason(data: bytes, space: str, error: ValueError) -> Refusal:
    """How far the picture reaches when its data ends early, else libjpeg's own words."""
    if "remature end" not in str(error):
        return damaged(error)
    try:
        pixels = simplejpeg.decode_jpeg(data, space if space != "CMYK" else "GRAY", strict=False)
    except ValueError:
        return damaged(error)
    painted = np.flatnonzero((pixels != GREY_BLOCK).any(axis=(1, 2)))
    return ends_early((int(painted[-1]) + 1 if painted.size else 0) / len(pixels))
