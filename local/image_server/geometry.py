"""What is asked of this image: the pixels to take and the size to give them. Integers only, nothing decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt

from images.iiif_size import SizeKind, scaled, size_for
from images.size import Size
from local.image_server.request import BadRequest, ImageRequest, Region


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the full image: left and top inclusive, right and bottom not."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)


def box_for(region: Region, image: Size) -> Box:
    """The pixels that a region names, cut at the image's edges; BadRequest when none remain."""
    width, height = image.width, image.height
    match region.kind:
        case "full":
            return Box(0, 0, width, height)
        case "square":
            side = min(width, height)
            left, top = (width - side) // 2, (height - side) // 2
            return Box(left, top, left + side, top + side)
        case "percent":
            across, down = Fraction(width, 100), Fraction(height, 100)
            region = Region("pixels", region.x * across, region.y * down, region.width * across, region.height * down)
    left, top = _nearest(region.x), _nearest(region.y)
    right, bottom = min(_nearest(region.x + region.width), width), min(_nearest(region.y + region.height), height)
    if right <= left or bottom <= top:
        raise BadRequest(f"the region has no pixels in an image of {width} x {height}")
    return Box(left, top, right, bottom)


def target_for(request: ImageRequest, box: Box, most: int) -> Size:
    """The size of the answer before any rotation; BadRequest when it would enlarge unasked or is too large."""
    natural = box.size
    fitted = size_for(replace(request.size, upscale=True), natural)
    assert fitted is not None  # with ^ every size is possible
    if request.size.kind is SizeKind.MAX:
        return _at_most(natural, most)
    if not request.size.upscale and (fitted.width > natural.width or fitted.height > natural.height):
        raise BadRequest(
            f"{request.size.text} would enlarge {natural.width} x {natural.height}: "
            "requests for scales in excess of 100% must prefix the size with ^"
        )
    if fitted.pixels > most:
        raise BadRequest(f"{fitted.width} x {fitted.height} is more than the {most} pixels that are given at once")
    return fitted


def canonical_for(request: ImageRequest, image: Size, box: Box, target: Size) -> str:
    """The canonical form of the request: by it, two URLs of the same picture are known as one."""
    natural = box.size
    region = "full" if natural == image else f"{box.left},{box.top},{natural.width},{natural.height}"
    enlarged = target.width > natural.width or target.height > natural.height
    size = "max" if target == natural else f"{'^' if enlarged else ''}{target}"
    rotation = f"{'!' if request.mirrored else ''}{request.quarter_turns * 90}"
    return f"{region}/{size}/{rotation}/{request.quality}.{request.format}"


def _nearest(number: Fraction) -> int:
    return int(number + Fraction(1, 2))


def _at_most(size: Size, most: int) -> Size:
    """The size, or the largest of the same shape that has no more pixels."""
    if size.pixels <= most:
        return size
    width = max(1, min(isqrt(most * size.width // size.height), most))
    return Size(width, max(1, min(scaled(size.height, width, size.width), most // width)))
