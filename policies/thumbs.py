"""THUMBS: real width and height to the exact list of thumbnails, their keys, and who is asked for which.

The decision between the conversion and the image server. All sizes are computed here first; an image server is only
asked for what is known already, in the form that is cheap there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from images.iiif_size import IiifSize, SizeKind, size_for
from images.size import Size
from policies.facts import Rules
from policies.keys import thumb_key
from policies.outcome import Refused
from policies.plan import IngestPlan
from policies.reasons import THUMBNAIL_TOO_LARGE

MOST_PIXELS_ENLARGED = 50_000_000
"""An enlarged thumbnail may have to be made here, in memory."""


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
    enlarge_from: Asked | None = None  # the rendering to enlarge here what is refused; perhaps not itself kept

    @property
    def thumbs(self) -> tuple[Thumb, ...]:
        """Every thumbnail, largest first."""
        every = [asked.thumb for asked in self.asked] + [derived.thumb for derived in self.derived]
        return tuple(sorted(every, key=_largest_first))


def list_thumbs(plan: IngestPlan, image: Size, rules: Rules) -> ThumbPlan | Refused:
    """Every thumbnail of an image of this size, and how each comes to be."""
    thumbs = one_per_key((_named(plan, thumb) for thumb in _sizes(plan.thumb_sizes, image)), image)
    for thumb in thumbs:
        if thumb.enlarged and thumb.size.pixels > MOST_PIXELS_ENLARGED:
            return Refused(
                THUMBNAIL_TOO_LARGE.of(
                    f"the thumbs policy would enlarge {image} to {thumb.size}; "
                    f"expected {MOST_PIXELS_ENLARGED} pixels at most"
                )
            )
    base = next((thumb for thumb in thumbs if _may_be_reduced(thumb, image)), None) if rules.cascade else None
    derived = tuple(Derived(thumb, base) for thumb in thumbs if base and _derivable(thumb, base, image))
    small = {one.thumb for one in derived}
    asked = tuple(Asked(thumb, _form(thumb, image)) for thumb in thumbs if thumb not in small)
    return ThumbPlan(image, asked, derived, _enlarge_from(asked, plan, image))


def as_stored(thumb: Thumb, actual: Size, plan: IngestPlan) -> Thumb:
    """The thumbnail under the name that its real size gives it, for an image server may answer smaller."""
    return thumb if thumb.size == actual else _named(plan, replace(thumb, size=actual))


def one_per_key(thumbs: Iterable[Thumb], image: Size) -> tuple[Thumb, ...]:
    """Of thumbnails that share a key the one in the image's own proportions, then the larger; largest first."""
    best: dict[str, Thumb] = {}
    for thumb in sorted(thumbs, key=lambda one: (_keeps_shape(one.size, image), one.size.pixels)):
        best[thumb.key] = thumb
    return tuple(sorted(best.values(), key=_largest_first))


def sizes_json(thumbs: Iterable[Thumb]) -> str:
    """`s.json`: the sizes before the login and those behind it, largest first."""
    ordered = sorted(thumbs, key=_largest_first)
    open_, auth = (
        ",".join(f"[{thumb.size.width},{thumb.size.height}]" for thumb in ordered if thumb.open is side)
        for side in (True, False)
    )
    return f'{{"o":[{open_}],"a":[{auth}]}}'


def _sizes(requests: Iterable[IiifSize], image: Size) -> list[Thumb]:
    """What the requests make of the image, not named yet; the image's own size if they make nothing."""
    asked = tuple(requests)
    made = [_thumb(request, size, image) for request in asked if (size := size_for(request, image))]
    return made or [Thumb(image, "", open=False, capped=True) for _ in asked[:1]]


def _thumb(request: IiifSize, size: Size, image: Size) -> Thumb:
    enlarged = size.width > image.width or size.height > image.height
    return Thumb(size, "", open=False, capped=request.kind is SizeKind.MAX or size == image, enlarged=enlarged)


def _named(plan: IngestPlan, thumb: Thumb) -> Thumb:
    """The thumbnail on its side of the login, under the key of its longest edge."""
    open_ = _is_open(plan, thumb.size)
    return replace(thumb, open=open_, key=thumb_key(plan.place.asset, open_, thumb.size.longest))


def _is_open(plan: IngestPlan, size: Size) -> bool:
    """Whether everybody may see a thumbnail: the bound is MaxUnauthorised, and roles hide all without a bound."""
    if plan.max_unauthorised is None or plan.max_unauthorised < 0:
        return not plan.auth_only
    return size.longest <= plan.max_unauthorised


def _largest_first(thumb: Thumb) -> tuple[int, int, int]:
    return -thumb.size.longest, -thumb.size.pixels, -thumb.size.width


def _keeps_shape(size: Size, image: Size) -> bool:
    """Whether a size has the image's own proportions, so that its longest edge alone asks for exactly this size.

    Servers round to the nearest pixel, and make no side 1 of 0. What was rounded along the shorter edge comes out
    the same along the longer one.
    """
    if image.width >= image.height:
        return (2 * size.width * image.height + image.width) // (2 * image.width) == size.height
    return (2 * size.height * image.width + image.height) // (2 * image.height) == size.width


def _may_be_reduced(thumb: Thumb, image: Size) -> bool:
    """Whether smaller thumbnails may be made of this one: a whole picture of a size that is certain."""
    return not thumb.enlarged and not thumb.capped and _keeps_shape(thumb.size, image)


def _derivable(thumb: Thumb, base: Thumb, image: Size) -> bool:
    """Whether a thumbnail is made of the base: of the same shape, and at most half as large."""
    return _may_be_reduced(thumb, image) and 2 * thumb.size.longest <= base.size.longest


def _form(thumb: Thumb, image: Size) -> str:
    """The cheapest request that gives exactly this size: the longest edge alone, or both where it must be."""
    size = thumb.size
    if thumb.capped:
        return "max"
    edge = f"{size.width}," if image.width >= image.height else f",{size.height}"
    form = edge if _keeps_shape(size, image) else str(size)
    return f"^{form}" if thumb.enlarged else form


def _enlarge_from(asked: tuple[Asked, ...], plan: IngestPlan, image: Size) -> Asked | None:
    """The largest rendering in the image's own shape, if anything is enlarged; the whole image if there is none."""
    if not any(one.thumb.enlarged for one in asked):
        return None
    whole = Asked(_named(plan, Thumb(image, "", open=False, capped=True)), "max")
    fit = (one for one in asked if not one.thumb.enlarged and _keeps_shape(one.thumb.size, image))
    return next(fit, whole)
