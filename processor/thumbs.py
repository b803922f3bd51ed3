"""Thumbnails from strips as they pass: shrunk while the picture streams by, then cascading from large to small.

Of a large picture only what the largest thumbnail needs is kept. Which sizes are asked is IIIF's grammar; what is
made of a size that would enlarge without `^` is nothing. Knows no files but those it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from images.iiif_size import IiifSize, size_for
from images.size import Size
from processor.colour import to_8_bits
from processor.errors import Refusal
from processor.picture import Picture, Pixels

QUALITY = 85
JPEG_SIDE = 65_500
ROWS = 256
"""Rows that are shrunk at once: Pillow takes a third more memory for them than the strip does."""

GAP = 2
"""A picture is resampled well from one at least this much larger."""


def wanted_sizes(requests: Sequence[IiifSize], whole: Size, most_pixels: int) -> list[Size]:
    """The sizes that are to be made of a picture, largest first, each once."""
    sizes = {size for request in requests if (size := size_for(request, whole))}
    for size in sizes:
        if size.longest > JPEG_SIDE or size.pixels > most_pixels:
            raise Refusal(f"a thumbnail of {size.width} x {size.height} pixels is too large", field="thumbIIIFSizes")
    return sorted(sizes, key=lambda size: (size.pixels, size.width), reverse=True)


def least_for(sizes: Sequence[Size]) -> Size:
    """The fewest pixels from which all sizes can be made."""
    if not sizes:
        return Size(1, 1)
    return Size(max(size.width for size in sizes), max(size.height for size in sizes))


class Shrinker:
    """Watches a picture's strips and keeps a smaller copy of them, good enough for the largest thumbnail."""

    def __init__(self, picture: Size, least: Size) -> None:
        across, down = picture.width // (GAP * least.width), picture.height // (GAP * least.height)
        self.factor = max(1, min(across, down))
        self._picture = picture
        self._parts: list[Image.Image] = []
        self._rest: NDArray[Any] | None = None

    def see(self, strip: Pixels) -> None:
        """Takes the next strip in."""
        levels: NDArray[Any] = to_8_bits(strip)
        if self._rest is not None and len(self._rest):
            levels = np.concatenate((self._rest, levels))
        cut = len(levels) // self.factor * self.factor
        rows = max(1, ROWS // self.factor) * self.factor
        for top in range(0, cut, rows):
            self._take(levels[top : min(top + rows, cut)])
        self._rest = levels[cut:].copy()

    def image(self) -> Image.Image:
        """The smaller copy; once, when every strip has been seen."""
        if self._rest is not None:
            self._take(self._rest)
        parts, self._parts = self._parts, []
        if len(parts) == 1:
            return parts[0]
        whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
        top = 0
        for part in parts:
            whole.paste(part, (0, top))
            top += part.height
        return whole

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The part of the smaller copy that is the picture: its last row and column may cover less."""
        return (0.0, 0.0, self._picture.width / self.factor, self._picture.height / self.factor)

    def _take(self, levels: NDArray[Any]) -> None:
        if not len(levels):
            return
        image = image_of(levels)
        self._parts.append(image.reduce(self.factor) if self.factor > 1 else image)


def image_of(pixels: Pixels) -> Image.Image:
    """A strip as Pillow's."""
    levels = np.ascontiguousarray(to_8_bits(pixels))
    return Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)


def shrink(picture: Picture, least: Size) -> Shrinker:
    """Reads a picture for its thumbnails alone."""
    shrinker = Shrinker(picture.size, least)
    for strip in picture.strips(256):
        shrinker.see(strip)
    return shrinker


def cascade(shrinker: Shrinker, sizes: Sequence[Size]) -> Iterator[tuple[Size, Image.Image]]:
    """Makes each size, largest first, from the smallest picture that is still large enough for it."""
    base, box = shrinker.image(), shrinker.box
    made: list[Image.Image] = []
    for size in sizes:
        source = next((image for image in reversed(made) if _serves(image, size)), None)
        if source is None:
            thumb = base.resize((size.width, size.height), Image.Resampling.LANCZOS, box=box)
        else:
            thumb = source.resize((size.width, size.height), Image.Resampling.LANCZOS)
        made.append(thumb)
        yield size, thumb


def _serves(image: Image.Image, size: Size) -> bool:
    return image.width >= GAP * size.width and image.height >= GAP * size.height


def save(image: Image.Image, path: Path) -> None:
    """Writes a thumbnail as JPEG."""
    image.save(path, "JPEG", quality=QUALITY)
