"""THUMBS: real width and height to the exact list of thumbnails, their keys, and who is asked for which."""

from __future__ import annotations

from dataclasses import dataclass

from images.size import Size


@dataclass(frozen=True, slots=True)
class Thumb:
    """One thumbnail: exactly this size, under this key of the thumbs bucket."""

    size: Size
    key: str
    open: bool
    capped: bool = False  # a `max`: the image server may answer smaller, which is accepted
    enlarged: bool = False  # larger than the image: the image server may refuse it


@dataclass(frozen=True, slots=True)
class Asked:
    """A thumbnail that is asked of the image server, in the form that is cheap there."""

    thumb: Thumb
    form: str  # the IIIF size segment of the request: "1024,", ",780", "max", "^w,h"


@dataclass(frozen=True, slots=True)
class Derived:
    """A thumbnail that is made here, from a larger one's pixels (or from the largest, if enlarged)."""

    thumb: Thumb
    source: Thumb


@dataclass(frozen=True, slots=True)
class ThumbPlan:
    """All thumbnails of one image, largest first, and how each comes to be."""

    image: Size
    asked: tuple[Asked, ...]
    derived: tuple[Derived, ...]

    @property
    def thumbs(self) -> tuple[Thumb, ...]:
        """Every thumbnail, largest first."""
        every = [asked.thumb for asked in self.asked] + [derived.thumb for derived in self.derived]
        return tuple(sorted(every, key=lambda thumb: (-thumb.size.longest, -thumb.size.pixels)))
