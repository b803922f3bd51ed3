"""JPEG 2000, boxed or bare: the codestream's own header is believed, not the boxes around it."""

from __future__ import annotations

from images.formats import ImageFormat
from images.headers.boxes import boxes
from images.headers.codestream import Codestream, read_codestream
from images.headers.port import BadHeader, ImageHeader, Source

_CODESTREAM_BOX = b"jp2c"

READY_REGION = 1024
"""The largest tile or precinct that a server may have to decode for a corner of it."""

READY_SMALLEST = 256
READY_LEVELS = 5
"""Enough resolutions: the smallest is no longer than 256 pixels, or there are five halvings."""


def read_boxed(source: Source) -> ImageHeader:
    """The header of a JP2 or JPH."""
    for box in boxes(source, 0, None):
        if box.type == _CODESTREAM_BOX:
            stream = read_codestream(source, box.start)
            format_ = ImageFormat.JPH if stream.htj2k else ImageFormat.JP2
            return _header(format_, stream, tile_ready=is_tile_ready(stream))
    raise BadHeader("the JPEG 2000 file has no codestream in it")


def read_bare(source: Source) -> ImageHeader:
    """The header of a codestream without boxes, which image servers do not take as a file."""
    stream = read_codestream(source, 0)
    return _header(ImageFormat.JHC if stream.htj2k else ImageFormat.J2K, stream, tile_ready=False)


def is_tile_ready(stream: Codestream) -> bool:
    """Whether a small part, or a small version, can be decoded without decoding much else."""
    levels = stream.levels or 0
    tiles = stream.tiled and stream.tile.longest <= READY_REGION
    precincts = stream.precinct is not None and stream.precinct.longest <= READY_REGION
    small_versions = levels >= READY_LEVELS or stream.size.longest <= READY_SMALLEST << levels
    return (tiles or precincts) and small_versions


def _header(format_: ImageFormat, stream: Codestream, *, tile_ready: bool) -> ImageHeader:
    return ImageHeader(
        format_,
        stream.size,
        components=stream.components,
        bits=stream.bits,
        htj2k=stream.htj2k,
        tile_ready=tile_ready,
        levels=stream.levels or 0,
        tile=stream.tile,
    )
