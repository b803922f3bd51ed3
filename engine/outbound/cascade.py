"""Pixels: an answer becomes a checked picture, and smaller pictures are made from it. Runs in a worker thread.

Knows JPEG bytes and sizes, neither servers nor orders. Nothing is decoded before its dimensions are known to be
those that were asked, so an answer cannot cost more memory than the thumbnail it stands for.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

from images.size import Size

END_OF_IMAGE = b"\xff\xd9"
SLACK = 1  # pixels a side by which roundings may differ


class Damaged(ValueError):  # noqa: N818  # a verdict on bytes, caught by name next door
    """These bytes are not the whole picture that was asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer must be: a whole JPEG of this size, or smaller of the same shape where a server may cap it."""

    size: Size
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole JPEG and its real size."""

    size: Size
    content: bytes = field(repr=False)


def check_and_derive(content: bytes, wanted: Wanted, smaller: Sequence[Size], quality: int) -> list[Picture]:
    """The picture itself, then one of each size in the order given; Damaged when it is not what was wanted."""
    with _opened(content, wanted) as image:
        made = [Picture(Size(*image.size), content)]
        made += [_resized(image, size, quality) for size in smaller]
    return made


def _opened(content: bytes, wanted: Wanted) -> Image.Image:
    if not content:
        raise Damaged("an empty answer")
    with _pillow():
        image = Image.open(io.BytesIO(content), formats=("JPEG",))
    if not fits(Size(*image.size), wanted):
        raise Damaged(f"{image.width} x {image.height} pixels where {wanted.size} was asked")
    with _pillow():
        image.load()
    if END_OF_IMAGE not in content[-64:]:
        raise Damaged("the JPEG does not end")
    return image


@contextmanager
def _pillow() -> Iterator[None]:
    """Pillow's complaints as ours; a picture that it only doubts is one that we do not keep."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Damaged(f"not a whole JPEG: {error}") from error


def fits(size: Size, wanted: Wanted) -> bool:
    """Whether a size is the one wanted, give or take rounding, or a permitted smaller one of its shape."""
    if _close(size, wanted.size):
        return True
    if not wanted.capped or size.longest > wanted.size.longest:
        return False
    scale = size.longest / wanted.size.longest
    shape = Size(max(round(wanted.size.width * scale), 1), max(round(wanted.size.height * scale), 1))
    return _close(size, shape)


def _close(one: Size, other: Size) -> bool:
    return abs(one.width - other.width) <= SLACK and abs(one.height - other.height) <= SLACK


def _resized(image: Image.Image, size: Size, quality: int) -> Picture:
    small = image.resize((size.width, size.height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality, icc_profile=image.info.get("icc_profile"))
    return Picture(size, out.getvalue())
