"""Pixels for others, the local image server among them: `decode(path, region, size)`.

```python
decode(path: Path, region: Region | None = None, size: Size | None = None, limits: Limits = LIMITS) -> Pixels8
```

Rows x columns x components (1 grey, 3 sRGB), 8 bits, in displayed orientation, on white. `region` is in pixels
of the displayed picture. With `size` the result has at least that many pixels and often not many more, because
JPEG 2000 is decoded at a reduced resolution and JPEG scaled while decoding; the caller resizes. Raises
`processor.errors.Refusal`. Native decoders may crash or hang: call this in a worker process.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from images.size import Size
from processor.colour import to_8_bits
from processor.errors import Refusal
from processor.picture import Picture, Region
from processor.settings import Limits
from processor.sources.port import Wish
from processor.sources.registry import open_picture

Pixels8 = NDArray[np.uint8]
LIMITS = Limits()


def decode(path: Path, region: Region | None = None, size: Size | None = None, limits: Limits = LIMITS) -> Pixels8:
    """The pixels of a picture or of a region of it, in at least `size`."""
    wish = Wish(limits, least=(lambda _: size) if size else None, region=region)
    with open_picture(path, wish) as picture:
        rows = [to_8_bits(strip) for strip in _cut(picture, region)]
    if not rows:
        raise Refusal("the region lies outside the picture", field="region")
    return np.ascontiguousarray(rows[0] if len(rows) == 1 else np.concatenate(rows))


def _cut(picture: Picture, region: Region | None) -> list[NDArray[np.uint8 | np.uint16]]:
    """The strips of a picture, or what of them lies in a region of the whole."""
    rows = max(1, (1 << 22) // picture.size.width)
    if region is None or picture.region == region:
        return list(picture.strips(rows))
    across, down = picture.size.width / picture.whole.width, picture.size.height / picture.whole.height
    left, right = int(region.x * across), max(1, round((region.x + region.width) * across))
    top, bottom = int(region.y * down), max(1, round((region.y + region.height) * down))
    kept, at = [], 0
    for strip in picture.strips(rows):
        low, high = max(top - at, 0), min(bottom - at, len(strip))
        if low < high:
            kept.append(strip[low:high, left:right].copy())
        at += len(strip)
        if at >= bottom:
            break
    return kept
