"""The boxes of a JP2 or JPH file: written around a finished codestream, and nothing of what is inside it.

Without a resolution the file is byte for byte what OpenJPEG writes itself.
"""

from __future__ import annotations

import shutil
import struct
from fractions import Fraction
from pathlib import Path

from processor.picture import Dpi, Picture

SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
SRGB, GREY = 16, 17
INCH = Fraction(254, 10_000)  # metres
LARGEST_SHORT_BOX = 0xFFFFFFFF


def wrap(codestream: Path, picture: Picture, path: Path, *, high_throughput: bool = False) -> None:
    """Writes `path`: the boxes that describe the picture, then the codestream."""
    length = codestream.stat().st_size
    with codestream.open("rb") as source, path.open("wb") as target:
        target.write(boxes(picture, length, brand=b"jph " if high_throughput else b"jp2 "))
        shutil.copyfileobj(source, target, 1 << 20)


def boxes(picture: Picture, codestream: int, brand: bytes = b"jp2 ") -> bytes:
    """Everything in front of a codestream of that many bytes."""
    size = picture.size
    header = _box(
        b"ihdr",
        struct.pack(">IIHBBBB", size.height, size.width, picture.components, picture.bits - 1, 7, 0, 0),
    )
    header += _box(b"colr", struct.pack(">BBBI", 1, 0, 0, SRGB if picture.components == 3 else GREY))
    if picture.dpi:
        header += _box(b"res ", _box(b"resc", _resolution(picture.dpi)))
    start = SIGNATURE + _box(b"ftyp", brand + b"\x00\x00\x00\x00" + brand) + _box(b"jp2h", header)
    return start + _opening(b"jp2c", codestream)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _opening(kind: bytes, length: int) -> bytes:
    if length + 8 <= LARGEST_SHORT_BOX:
        return struct.pack(">I4s", length + 8, kind)
    return struct.pack(">I4sQ", 1, kind, length + 16)


def _resolution(dpi: Dpi) -> bytes:
    """Vertical before horizontal, in samples per metre, each as a 16-bit fraction and a power of ten."""
    (up, up_by, up_ten), (across, across_by, across_ten) = _per_metre(dpi[1]), _per_metre(dpi[0])
    return struct.pack(">HHHHbb", up, up_by, across, across_by, up_ten, across_ten)


def _per_metre(dpi: float) -> tuple[int, int, int]:
    value = Fraction(dpi).limit_denominator(10_000) / INCH
    ten = 0
    while value > 65535:
        value, ten = value / 10, ten + 1
    while value < 1:
        value, ten = value * 10, ten - 1
    near = value.limit_denominator(max(1, min(65535, int(65535 / value))))
    return near.numerator, near.denominator, ten
