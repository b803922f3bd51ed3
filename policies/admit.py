"""ADMIT: what the origin turned out to be, held against what was planned.

Asked once the bytes are there, or their head for what stays in place. Bytes are believed before headers, and headers
before names.
"""

from __future__ import annotations

from dataclasses import dataclass

from images.header import ImageHeader
from images.size import Size
from policies.facts import Facts, Rules
from policies.media_type import ANYTHING, content_type
from policies.outcome import Refused
from policies.plan import IngestPlan, Location
from policies.quota import check_quota
from policies.reasons import FORMAT_NOT_SERVED, IMAGE_EMPTY, IMAGE_TOO_LARGE, NOT_AN_IMAGE

JP2 = "image/jp2"
JPH = "image/jph"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an origin once it has been fetched, or looked at in place."""

    bytes: int
    media_type: str | None  # what the bytes say; None: nothing that we know
    declared_media_type: str | None = None  # what the origin's header says
    header: ImageHeader | None = None  # of an image whose header can be read


@dataclass(frozen=True, slots=True)
class Admitted:
    """Leave to go on, and how."""

    media_type: str | None = None  # the content type of the original, and what the row learns if it did not know
    convert: bool = False  # the processor makes a JPEG 2000
    as_it_is: bool = False  # the original already is the JPEG 2000 that is wanted
    bytes: int = 0  # of the original
    size: Size | None = None  # of the picture as displayed, where its header said so


def admit(plan: IngestPlan, seen: Seen | None, facts: Facts, rules: Rules) -> Admitted | Refused:
    """Whether an origin that looks like this may be ingested as planned; None: nothing of it is needed."""
    if seen is None:
        return Admitted()
    asset = plan.place.asset
    media_type = content_type(seen.media_type, seen.declared_media_type, (plan.place.uri, str(asset)))
    as_it_is = plan.take_tile_ready and _is_tile_ready(seen, rules)
    admitted = Admitted(
        media_type=media_type,
        convert=plan.recipe is not None and not as_it_is,
        as_it_is=as_it_is,
        bytes=seen.bytes,
        size=seen.header.size if seen.header else None,
    )
    return (
        _size_gate(plan, seen, rules)
        or (_image_gate(plan, seen, media_type, rules) if plan.image_work else None)
        or check_quota(facts, rules, _bytes_to_store(plan, seen, as_it_is=as_it_is))
        or admitted
    )


def admit_derivative(plan: IngestPlan, admitted: Admitted, made: int, facts: Facts, rules: Rules) -> Refused | None:
    """The refusal of a conversion whose bytes are too many; asked before they take the place of the earlier ones."""
    return check_quota(facts, rules, made + admitted.bytes * int(plan.keep_original)) if admitted.convert else None


def _size_gate(plan: IngestPlan, seen: Seen, rules: Rules) -> Refused | None:
    """Refuses an image without bytes, and what is larger than this engine handles."""
    if plan.image_work and seen.bytes == 0:
        return Refused(IMAGE_EMPTY.of("the origin is there, but has no bytes"))
    if seen.bytes > rules.max_bytes:
        return Refused(IMAGE_TOO_LARGE.of(f"the origin has {seen.bytes} bytes; at most {rules.max_bytes} are taken"))
    size = seen.header.size if seen.header else None
    if size and size.pixels > rules.max_pixels:
        shown = f"{size.width} x {size.height} = {size.pixels}"
        return Refused(IMAGE_TOO_LARGE.of(f"the image has {shown} pixels; at most {rules.max_pixels} are taken"))
    return None


def _image_gate(plan: IngestPlan, seen: Seen, media_type: str, rules: Rules) -> Refused | None:
    """Refuses what is no image and, where the image server reads the original, what it cannot read."""
    if not media_type.startswith("image/"):
        seems = "nothing that we know" if media_type == ANYTHING else media_type
        source = "by its bytes" if seen.media_type else "by its header or name"
        return Refused(NOT_AN_IMAGE.of(f"an image was expected, but the origin seems to be {seems}, {source}"))
    served_as_it_is = plan.location in {Location.ORIGINAL, Location.ORIGIN}
    if served_as_it_is and seen.media_type not in rules.readable:
        seems = seen.media_type or "of a format that we do not know"
        return Refused(
            FORMAT_NOT_SERVED.of(
                f"the policy is use-original, but the original is {seems}; "
                f"the image server reads {', '.join(sorted(rules.readable))}"
            )
        )
    return None


def _is_tile_ready(seen: Seen, rules: Rules) -> bool:
    """Whether the original can be served as the JPEG 2000; high-throughput ones only where the server reads them."""
    header = seen.header
    if header is None or not header.tile_ready or seen.media_type not in {JP2, JPH}:
        return False
    return JPH in rules.readable if header.htj2k else True


def _bytes_to_store(plan: IngestPlan, seen: Seen, *, as_it_is: bool) -> int:
    """What will certainly be stored; a conversion adds to it what nobody knows yet."""
    return seen.bytes * (int(plan.keep_original) + int(as_it_is))
