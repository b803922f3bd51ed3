"""PLAN: facts to an IngestPlan, or Refused. Decided before a byte is fetched.

The first decision of an ingest, after its origin strategy has been matched. The table itself is data, in
`decision_table`; here its row is found, and everything is refused that no row is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from images.iiif_size import IiifSize
from images.recipe import NAMED, Recipe
from policies.channels import FILE, IMAGE, NONE, THUMBS, USE_ORIGINAL, read_channels, read_recipe, read_thumb_sizes
from policies.decision_table import NONE as NONE_ROW
from policies.decision_table import TABLE, Case, Fetch, Location, ReadFrom, Row
from policies.facts import Facts, PolicyRow, Rules
from policies.keys import derivative_key, original_key
from policies.media_type import may_be_image
from policies.outcome import Refused
from policies.quota import check_quota
from policies.reasons import LOCATION_TOO_LONG, NOT_AN_IMAGE
from policies.request import AssetId
from policies.s3_address import S3Address, write_s3
from policies.strategy_kind import StrategyKind

__all__ = [
    "Fetch",
    "IngestPlan",
    "Location",
    "Place",
    "ReadFrom",
    "StrategyKind",
    "counts_to_quota",
    "image_location",
    "may_leave_objects",
    "plan_ingest",
    "read_in_place",
]

LONGEST_LOCATION = 500
"""Characters of "ImageLocation"."S3"."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the origin is and how to get at it. Describing a place is apart from fetching from it."""

    kind: StrategyKind
    uri: str
    asset: AssetId
    credentials: str = field(default="", repr=False)  # text of the row: empty, JSON, s3:// or enc:v1:
    strategy_id: str | None = None  # the row that matched; None: built in
    optimised: bool = False
    s3: S3Address | None = None  # for s3-ambient, read from the uri


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What will be done for one asset, decided; whoever executes it never decides again."""

    row: str  # which row of the decision table, for people
    place: Place
    fetch: Fetch
    image_work: bool  # dimensions, thumbnails: the bytes must be an image
    recipe: Recipe | None  # convert with this; None: no conversion
    take_tile_ready: bool  # an origin that already is a tile-ready JPEG 2000 may be stored as it is
    keep_original: bool
    location: Location | None
    thumbs_from: ReadFrom | None
    thumb_sizes: tuple[IiifSize, ...]  # of the policy and the system's, in order, deduplicated
    policy_sizes: tuple[IiifSize, ...] = ()  # those that the asset's thumbs policy asked for
    declared_media_type: str = "image/unknown"
    max_unauthorised: int | None = None
    auth_only: bool = False  # roles: every thumbnail is behind the login
    ingested_before: bool = False
    stored_before: bool = True  # something of the asset may lie in our buckets already


def plan_ingest(facts: Facts, place: Place | Refused, rules: Rules) -> IngestPlan | Refused:
    """What will be done for an asset. A refused place only matters to assets that need their origin."""
    policies = read_channels(facts.channels)
    if isinstance(policies, Refused):
        return policies
    if NONE in policies:
        return _plan(NONE_ROW, facts, Place(StrategyKind.DEFAULT, facts.asset.origin, facts.asset.id))
    recipe = read_recipe(policies[IMAGE]) if IMAGE in policies else None
    sizes = read_thumb_sizes(policies[THUMBS]) if THUMBS in policies else ()
    for answer in (recipe, sizes, _image_gate(facts, policies), place):
        if isinstance(answer, Refused):
            return answer
    assert not isinstance(recipe, Refused)
    assert not isinstance(sizes, Refused)
    assert not isinstance(place, Refused)
    plan = _plan(_row(policies, place), facts, place, recipe=recipe, sizes=sizes, defaults=rules.default_thumbs)
    return _location_gate(plan, rules) or check_quota(facts, rules) or plan


def image_location(plan: IngestPlan, rules: Rules) -> str | None:
    """What "ImageLocation"."S3" will say; None: no row."""
    asset = plan.place.asset
    match plan.location:
        case None:
            return None
        case Location.DERIVATIVE:
            return write_s3(rules.storage_bucket, derivative_key(asset), rules.region)
        case Location.ORIGINAL:
            return write_s3(rules.storage_bucket, original_key(asset), rules.region)
        case Location.ORIGIN:
            origin = plan.place.s3
            assert origin is not None
            return write_s3(origin.bucket, origin.key, rules.region and (origin.region or rules.region))
        case _:
            assert_never(plan.location)


def counts_to_quota(plan: IngestPlan, rules: Rules) -> bool:
    """Whether what is stored is held against the customer's quota when it is recorded."""
    return plan.row != NONE_ROW.text and plan.place.asset.customer not in rules.quota_exempt


def may_leave_objects(plan: IngestPlan) -> bool:
    """Whether something may lie in our buckets when the run is over that no row names."""
    return plan.row != NONE_ROW.text or plan.stored_before


def read_in_place(plan: IngestPlan) -> bool:
    """Whether the image server may read the origin itself: never twice, for it keeps what it has read."""
    return plan.thumbs_from is ReadFrom.ORIGIN and not plan.ingested_before


def _row(policies: Mapping[str, PolicyRow], place: Place) -> Row:
    """The row of the table for these channels and this origin."""
    image = IMAGE in policies
    case = Case(
        file=FILE in policies,
        image=image,
        thumbs=THUMBS in policies and not image,
        ready=image and policies[IMAGE].name == USE_ORIGINAL,
        optimised=place.optimised,
    )
    return TABLE[case]


def _plan(
    row: Row,
    facts: Facts,
    place: Place,
    *,
    recipe: Recipe | None = None,
    sizes: tuple[IiifSize, ...] = (),
    defaults: tuple[IiifSize, ...] = (),
) -> IngestPlan:
    """The plan that a row of the table means for one asset."""
    asset = facts.asset
    ambient_copy = row.text == "file" and place.s3 is not None and not place.credentials
    return IngestPlan(
        row=row.text,
        place=place,
        fetch=Fetch.COPY if ambient_copy else row.fetch,
        image_work=row.thumbs_from is not None,
        recipe=recipe,
        take_tile_ready=row.convert and recipe == NAMED["default"],
        keep_original=row.keep_original,
        location=row.location,
        thumbs_from=row.thumbs_from,
        thumb_sizes=tuple(dict.fromkeys((*sizes, *defaults))) if row.thumbs_from else (),
        policy_sizes=sizes,
        declared_media_type=asset.media_type,
        max_unauthorised=asset.max_unauthorised,
        auth_only=bool(asset.roles),
        ingested_before=facts.ingested_before,
        stored_before=facts.ingested_before or facts.storage.asset_bytes + facts.storage.asset_thumb_bytes > 0,
    )


def _image_gate(facts: Facts, policies: Mapping[str, PolicyRow]) -> Refused | None:
    """Refuses image channels on what says that it is no image."""
    wanting = [name for name in (IMAGE, THUMBS) if name in policies]
    if not wanting or may_be_image(facts.asset.media_type):
        return None
    return Refused(
        NOT_AN_IMAGE.of(
            f"the channel {' and '.join(wanting)} is for images, but the asset's media type is "
            f'"{facts.asset.media_type}"; only the channel {FILE} alone takes any type'
        )
    )


def _location_gate(plan: IngestPlan, rules: Rules) -> Refused | None:
    """Refuses a location that its column cannot hold."""
    location = image_location(plan, rules)
    if location is None or len(location) <= LONGEST_LOCATION:
        return None
    return Refused(
        LOCATION_TOO_LONG.of(
            f'"ImageLocation"."S3" holds {LONGEST_LOCATION} characters, and {location[:60]}... has {len(location)}'
        )
    )
