"""A plan in sentences: what would be fetched, made and stored, and which thumbnails there would be."""

from __future__ import annotations

from policies.explanation import ThumbLine
from policies.facts import Rules
from policies.keys import derivative_key, original_key, sizes_key
from policies.plan import Fetch, IngestPlan, Location, ReadFrom, read_in_place
from policies.s3_address import write_s3
from policies.thumbs import ThumbPlan

FETCHED = {
    Fetch.NOTHING: "the origin is not touched",
    Fetch.HEADER: "only the header of the origin is read, in place; the rest if the processor makes the thumbnails",
    Fetch.WHOLE: "the origin is fetched, once",
    Fetch.COPY: "the origin is copied inside S3",
}
READ = {
    ReadFrom.DERIVATIVE: "thumbnails are rendered from the JPEG 2000, staged under a key of the run",
    ReadFrom.ORIGINAL: "thumbnails are rendered from the original, staged under a key of the run",
    ReadFrom.TRANSIENT: "thumbnails are rendered from a staged copy, which is removed afterwards",
}


def steps_of(plan: IngestPlan) -> tuple[str, ...]:
    """What would be done, in order."""
    steps = [FETCHED[plan.fetch]]
    if plan.recipe is not None:
        unless = ", unless it is a tile-ready JPEG 2000 already" if plan.take_tile_ready else ""
        steps.append(f"the processor makes a JPEG 2000 of it{unless}")
    if plan.keep_original:
        steps.append("the original is kept")
    if plan.thumbs_from is not None:
        steps.append(READ.get(plan.thumbs_from) or _read_at_the_origin(plan))
    if plan.location is Location.ORIGIN:
        steps.append("the image server serves the origin itself")
    if plan.fetch is Fetch.NOTHING:
        steps.append("the asset is marked as finished")
    return tuple(steps)


def kept_objects(plan: IngestPlan, rules: Rules) -> tuple[str, ...]:
    """The objects that would be there afterwards, thumbnails aside."""
    asset = plan.place.asset
    keys = [
        *([original_key(asset)] if plan.keep_original else []),
        *([derivative_key(asset)] if plan.recipe is not None else []),
    ]
    sizes = [write_s3(rules.thumbs_bucket, sizes_key(asset))] if plan.image_work else []
    return (*(write_s3(rules.storage_bucket, key) for key in keys), *sizes)


def thumb_lines(thumbs: ThumbPlan) -> tuple[ThumbLine, ...]:
    """Every thumbnail, largest first, and how it would be made."""
    made = {asked.thumb: f"asked as {asked.form}" for asked in thumbs.asked}
    made |= {derived.thumb: f"derived from {derived.source.size}" for derived in thumbs.derived}
    return tuple(
        ThumbLine(str(thumb.size), thumb.key, "open" if thumb.open else "auth", made[thumb]) for thumb in thumbs.thumbs
    )


def _read_at_the_origin(plan: IngestPlan) -> str:
    if read_in_place(plan):
        return "thumbnails are rendered from the origin, in place"
    return "thumbnails are rendered from a copy of the origin made inside S3, for it was ingested before"
