"""PLAN: facts to an IngestPlan, or Refused. The decision table, before a byte is fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from images.iiif_size import IiifSize
from images.recipe import Recipe
from policies.request import AssetId
from policies.s3_address import S3Address


class StrategyKind(StrEnum):
    """How an origin is fetched; the names are the DLCS's."""

    DEFAULT = "default"
    BASIC = "basic-http-authentication"
    S3 = "s3-ambient"
    SFTP = "sftp"


class Fetch(StrEnum):
    """How much of the origin an ingest needs."""

    NOTHING = "nothing"
    HEADER = "header"  # dimensions only, in place
    WHOLE = "whole"
    COPY = "copy"  # copied inside S3, never through us


class ReadFrom(StrEnum):
    """What the thumbnails are rendered from."""

    DERIVATIVE = "derivative"
    ORIGINAL = "original"
    TRANSIENT = "transient"
    ORIGIN = "origin"


class Location(StrEnum):
    """What "ImageLocation" shall point at."""

    DERIVATIVE = "derivative"
    ORIGINAL = "original"
    ORIGIN = "origin"


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
