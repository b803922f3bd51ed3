"""The pixels of one TIFF page, one row of its segments after the other; what is missing or broken is noticed here.

Knows strips, tiles, planes and palettes. What samples mean is known to `tiff_samples`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from images.size import Size
from processor.errors import Refusal
from processor.sources.port import Wish, check_whole, damaged, ends_early

BAND_BYTES = 1 << 24
"""How much of an uncompressed strip is read at once."""

MOST_SEGMENTS = 4_000_000


@dataclass(frozen=True, slots=True)
class TiffReader:
    """Reads one page, one row of its segments after the other."""

    file: Any
    page: Any
    size: Size
    palette: NDArray[np.uint8] | None
    tolerant: bool

    @property
    def pixel_bytes(self) -> int:
        return int(self.page.dtype.itemsize * self.page.samplesperpixel)

    @property
    def _plain(self) -> bool:
        """Uncompressed whole bytes in strips: any rows can be read from anywhere in a strip."""
        page = self.page
        whole_bytes = page.bitspersample in (8, 16, 32, 64) and page.dtype.itemsize * 8 == page.bitspersample
        subsampled = page.photometric == tifffile.PHOTOMETRIC.YCBCR
        return page.compression == 1 and not page.is_tiled and whole_bytes and not subsampled and page.fillorder == 1

    @property
    def _segment_rows(self) -> int:
        page = self.page
        rows = page.tilelength if page.is_tiled else page.rowsperstrip
        return int(min(max(1, rows), self.size.height))

    @property
    def band_bytes(self) -> int:
        """What one row of segments takes once decoded."""
        rows = self._segment_rows
        if self._plain:
            rows = min(rows, max(1, int(BAND_BYTES / self.pixel_bytes / self.size.width)))
        return int(rows * self.size.width * self.pixel_bytes)

    @property
    def _planes(self) -> int:
        return int(self.page.samplesperpixel) if self.page.planarconfig == 2 else 1

    @property
    def _across(self) -> int:
        return -(-self.size.width // self.page.tilewidth) if self.page.is_tiled else 1

    @property
    def _down(self) -> int:
        return -(-self.size.height // self._segment_rows)

    def check_segments(self, wish: Wish) -> None:
        """Refuses what is cut off, incomplete or too large in one piece, before anything is decoded."""
        expected = self._planes * self._across * self._down
        if expected > MOST_SEGMENTS or len(self.page.dataoffsets) < expected:
            raise damaged(f"it lists {len(self.page.dataoffsets)} of its {expected} pieces")
        if not all(isinstance(at, int) for at in (*self.page.dataoffsets, *self.page.databytecounts)):
            raise damaged("where its pieces lie is not written as numbers")
        if not self.tolerant:
            self._check_end(expected)
        if self.band_bytes > wish.limits.whole_bytes // 4:
            check_whole(self.size, 4 * self.pixel_bytes, wish.limits, "a compressed TIFF in one strip")

    def _check_end(self, expected: int) -> None:
        """Says how much is missing of a file that ends before its last piece."""
        end = self.file.filehandle.size
        there, partly = 0, 0.0
        for start, count in zip(self.page.dataoffsets[:expected], self.page.databytecounts, strict=False):
            if start + count <= end:
                there += 1
            elif start < end:
                partly = (end - start) / count
        if there < expected:
            raise ends_early((there + partly) / expected)

    def bands(self) -> Iterator[NDArray[Any]]:
        """Yields the page from top to bottom in whatever heights its segments have."""
        read = self._plain_rows if self._plain else self._segment_row
        for row in range(self._down):
            for band in read(row):
                yield band if self.palette is None else self.palette[band[..., 0].astype(np.uint16)]

    def _plain_rows(self, row: int) -> Iterator[NDArray[Any]]:
        width, step = self.size.width, max(1, self.band_bytes // int(self.pixel_bytes * self.size.width))
        rows = min(self._segment_rows, self.size.height - row * self._segment_rows)
        each = self.page.samplesperpixel // self._planes
        for top in range(0, rows, step):
            high = min(step, rows - top)
            planes = []
            for plane in range(self._planes):
                start = self.page.dataoffsets[plane * self._down + row]
                at = start + top * width * each * self.page.dtype.itemsize
                planes.append(self._plain_read(at, high * width * each).reshape(high, width, each))
            yield planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)

    def _plain_read(self, at: int, count: int) -> NDArray[Any]:
        kind = np.dtype(self.page.dtype).newbyteorder(self.file.byteorder)
        handle = self.file.filehandle
        handle.seek(at)
        data = handle.read(count * kind.itemsize)
        if len(data) < count * kind.itemsize:
            if not self.tolerant:
                raise damaged("its strips are shorter than its rows")
            data = data.ljust(count * kind.itemsize, b"\0")
        return np.frombuffer(data, kind).astype(kind.newbyteorder("="), copy=False)

    def _segment_row(self, row: int) -> Iterator[NDArray[Any]]:
        high = min(self._segment_rows, self.size.height - row * self._segment_rows)
        samples = int(self.page.samplesperpixel)
        band = np.zeros((high, self.size.width, samples), self.page.dtype)
        each = samples // self._planes
        wide = self.page.tilewidth if self.page.is_tiled else self.size.width
        for plane in range(self._planes):
            for column in range(self._across):
                index = (plane * self._down + row) * self._across + column
                piece = self._segment(index)
                if piece is None:
                    continue
                target = band[:, column * wide : (column + 1) * wide, plane * each : (plane + 1) * each]
                self._place(piece, target, index)
        yield band

    def _place(self, piece: NDArray[Any], target: NDArray[Any], index: int) -> None:
        high, wide = min(len(piece), len(target)), min(piece.shape[1], target.shape[1])
        if piece.shape[2] != target.shape[2] or (not self.tolerant and (high, wide) != target.shape[:2]):
            raise damaged(f"piece {index + 1} is not as large as it should be")
        target[:high, :wide] = piece[:high, :wide]

    def _segment(self, index: int) -> NDArray[Any] | None:
        """One decoded strip or tile as rows, columns, samples; None for an empty one, which is black."""
        start, count = self.page.dataoffsets[index], self.page.databytecounts[index]
        if count == 0:
            return None
        handle = self.file.filehandle
        handle.seek(start)
        data = handle.read(count)
        try:
            decoded, _, _ = self.page.decode(data, index, jpegtables=self.page.jpegtables)
        except MemoryError:
            raise
        except Exception as error:
            if self.tolerant:
                return None
            raise _undecodable(self.page, index, error) from error
        if decoded is None:
            return None
        piece: NDArray[Any] = decoded[0]
        return piece


def _undecodable(page: Any, index: int, error: Exception) -> Refusal:
    name = getattr(page.compression, "name", str(page.compression))
    if isinstance(error, NotImplementedError | KeyError) or "not supported" in str(error):
        return Refusal(f"TIFF with {name} compression is not supported: {error}")
    return damaged(f"piece {index + 1} of {len(page.dataoffsets)} ({name}) cannot be decoded")
