"""What a request costs the image server, predicted from format and pixels. Pure.

In seconds of one core of the machine on which they were measured (docs/thumbnails.md). Only proportions matter:
how fast a given server really is, the limiter measures, for each format by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from images.size import Size

MEGA = 1_000_000
NEW_SOURCE = 0.05  # of a source that the server has not seen yet
JPEG_2000 = frozenset({"jp2", "j2k", "jpx", "jpf", "jph", "jhc", "j2c"})


@dataclass(frozen=True, slots=True)
class Work:
    """One request as the limiter sees it: what it is measured among, and how much of it there is."""

    kind: str
    cost: float


def rendering(format_: str, image: Size, wanted: Size) -> Work:
    """The work of one whole picture of this size."""
    asked = wanted.pixels / MEGA
    if format_ in JPEG_2000:  # reads only as much as it shows
        return Work("jp2", NEW_SOURCE + 0.02 + 0.18 * asked)
    return Work(format_, NEW_SOURCE + 0.01 + 0.012 * image.pixels / MEGA + 0.12 * asked)


def reading_info(format_: str) -> Work:
    """The work of one info.json."""
    return Work(f"info of {'jp2' if format_ in JPEG_2000 else format_}", NEW_SOURCE)
