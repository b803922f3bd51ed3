"""Puts codestreams of single rows of tiles together into one: tile-parts renumbered, one TLM for all.

The main header is that of the first row, with the whole picture's height. Knows codestream markers and no encoder.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

from images.size import Size
from processor.codestream import EOC, MOST_TLM, PER_TLM, SIZ, TLM, Segment, main_header, tile_parts, tlm
from processor.errors import Refusal


class JoinedCodestream:
    """A codestream that grows by one row of tiles at a time; a context manager that ends it well."""

    def __init__(self, path: Path, size: Size, tile: int) -> None:
        self._file = path.open("wb")
        self._size = size
        self._tile = tile
        self._across = -(-size.width // tile)
        self._down = -(-size.height // tile)
        self._row = 0
        self._parts: list[tuple[int, int]] = []
        self._expected = 0
        self._tlm_at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._finish()

    def add(self, codestream: bytes) -> None:
        """Adds the next row, encoded as if it were a picture of its own."""
        source = BytesIO(codestream)
        segments = list(main_header(source))
        parts = list(tile_parts(source))
        if self._row == 0:
            self._begin(segments, len(parts))
        for part in parts:
            tile = part.tile + self._row * self._across
            self._file.write(codestream[part.start : part.start + 4] + struct.pack(">H", tile))
            self._file.write(memoryview(codestream)[part.start + 6 : part.start + part.length])
            self._parts.append((tile, part.length))
        self._row += 1

    def _begin(self, segments: Sequence[Segment], parts: int) -> None:
        """Writes the main header, with room for the TLM that is known in the end."""
        self._expected = parts * self._down
        if self._expected > PER_TLM * MOST_TLM:
            message = f"{self._expected} tile-parts are more than a TLM can list"
            raise Refusal(message, field="recipe>tiles", kind="recipe")
        for segment in segments:
            if segment.marker == SIZ:
                self._file.write(_resized(segment.data, self._size, self._tile))
            elif segment.marker != TLM:
                self._file.write(segment.data)
        self._tlm_at = self._file.tell()
        self._file.write(tlm([(0, 0)] * self._expected))

    def _finish(self) -> None:
        if len(self._parts) != self._expected:
            raise Refusal("the encoder gave its rows of tiles different numbers of parts", kind="encoder")
        self._file.write(struct.pack(">H", EOC))
        self._file.seek(self._tlm_at)
        self._file.write(tlm(self._parts))


def _resized(segment: bytes, size: Size, tile: int) -> bytes:
    """A SIZ segment for the whole picture: its size and tiles, from an origin of 0."""
    return segment[:6] + struct.pack(">8I", size.width, size.height, 0, 0, tile, tile, 0, 0) + segment[38:]
