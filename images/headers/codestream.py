"""The main header of a JPEG 2000 codestream: SIZ, COD and CAP, up to the first tile-part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from images.headers.port import BadHeader, Source, size_of
from images.size import Size

SOC = 0xFF4F
_SIZ, _CAP, _COD, _SOT, _SOD, _EOC = 0xFF51, 0xFF50, 0xFF52, 0xFF90, 0xFF93, 0xFFD9

_MOST_TILES = 65535
_MOST_COMPONENTS = 16384
_MOST_LEVELS = 32
_PART_15 = 1 << (32 - 15)
_USER_PRECINCTS = 0x01
_HT_BLOCKS = 0x40


@dataclass(frozen=True, slots=True)
class Codestream:
    """What the main header says of the coding."""

    size: Size
    tile: Size
    tiled: bool  # the tile is something else than the whole picture
    components: int
    bits: int
    htj2k: bool = False
    levels: int | None = None
    precinct: Size | None = None  # of the full resolution; None: as large as it is


def read_codestream(source: Source, start: int) -> Codestream:
    """The codestream that begins there, or BadHeader."""
    if source.number(start, 2, "the JPEG 2000 codestream") != SOC:
        raise BadHeader("there is no JPEG 2000 codestream where one belongs")
    if source.number(start + 2, 2, "the SIZ marker") != _SIZ:
        raise BadHeader("the JPEG 2000 codestream does not begin with its size")
    length = source.number(start + 4, 2, "the length of SIZ")
    stream = _siz(source.take(start + 6, max(length - 2, 0), "the SIZ marker"))
    at = start + 4 + length
    while True:
        marker = source.number(at, 2, "the next JPEG 2000 marker")
        if marker in {_SOT, _SOD, _EOC}:
            return _complete(stream)
        length = source.number(at + 2, 2, "the length of a JPEG 2000 marker")
        if marker < 0xFF00 or length < 2:
            raise BadHeader("the JPEG 2000 main header is damaged between its markers")
        if marker == _CAP:
            stream = _cap(stream, source.take(at + 4, length - 2, "the CAP marker"))
        elif marker == _COD:
            stream = _cod(stream, source.take(at + 4, length - 2, "the COD marker"))
        at += 2 + length


def _complete(stream: Codestream) -> Codestream:
    if stream.levels is None:
        raise BadHeader("the JPEG 2000 main header does not say how the picture is coded (no COD)")
    return stream


def _siz(fields: bytes) -> Codestream:
    if len(fields) < 39:
        raise BadHeader("the JPEG 2000 SIZ marker is too short")
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top = (
        int.from_bytes(fields[at : at + 4], "big") for at in range(2, 34, 4)
    )
    components = int.from_bytes(fields[34:36], "big")
    depths = fields[36::3]
    if not 1 <= components <= _MOST_COMPONENTS or len(depths) < components:
        raise BadHeader(f"the JPEG 2000 header claims {components} components, which it does not describe")
    size = size_of(right - left, bottom - top)
    if tile_width < 1 or tile_height < 1 or tile_left > left or tile_top > top:
        raise BadHeader("the JPEG 2000 header places its tiles where they cannot be")
    tiles = -((tile_left - right) // tile_width) * -((tile_top - bottom) // tile_height)
    if tiles > _MOST_TILES:
        raise BadHeader(f"the JPEG 2000 header claims {tiles} tiles; at most {_MOST_TILES} are possible")
    bits = max((depth & 0x7F) + 1 for depth in depths[:components])
    whole = (tile_left + tile_width, tile_top + tile_height) == (right, bottom)
    tile = Size(min(tile_width, size.width), min(tile_height, size.height))
    return Codestream(size, tile, not whole, components, bits)


def _cap(stream: Codestream, fields: bytes) -> Codestream:
    capabilities = int.from_bytes(fields[:4].ljust(4, b"\x00"), "big")
    return replace(stream, htj2k=stream.htj2k or bool(capabilities & _PART_15))


def _cod(stream: Codestream, fields: bytes) -> Codestream:
    if len(fields) < 10:
        raise BadHeader("the JPEG 2000 COD marker is too short")
    levels, block_style = fields[5], fields[8]
    if levels > _MOST_LEVELS:
        raise BadHeader(f"the JPEG 2000 header claims {levels} levels; at most {_MOST_LEVELS} are possible")
    precinct = None
    if fields[0] & _USER_PRECINCTS:
        if len(fields) < 11 + levels:
            raise BadHeader("the JPEG 2000 COD marker names fewer precincts than it has resolutions")
        across, down = fields[10 + levels] & 0x0F, fields[10 + levels] >> 4
        precinct = Size(1 << across, 1 << down)
    htj2k = stream.htj2k or bool(block_style & _HT_BLOCKS)
    return replace(stream, levels=levels, precinct=precinct, htj2k=htj2k)
