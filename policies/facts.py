"""What is known before anything is decided: one read of the database, and the rules of the house, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from images.iiif_size import IiifSize
from policies.request import AssetId


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One row of "DeliveryChannelPolicies"."""

    id: int
    customer: int
    channel: str
    name: str
    data: str | None = None
    system: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """One delivery channel of an asset, with the policy its row points at."""

    name: str
    policy: PolicyRow


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """One row of "CustomerOriginStrategies"; the credentials text never shows in a repr."""

    id: str
    customer: int
    regex: str
    strategy: str
    credentials: str = field(default="", repr=False)
    optimised: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class Storage:
    """What the customer may store and does, in bytes, for the whole customer (space 0)."""

    policy: str = "default"
    maximum: int | None = None  # None: no such storage policy row; nothing may be assumed
    customer_total: int = 0
    asset_bytes: int = 0  # what this asset already stores
    asset_thumb_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Asset:
    """The columns of an "Images" row that decisions need."""

    id: AssetId
    origin: str
    media_type: str = "image/unknown"
    max_unauthorised: int | None = -1
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the database knows about one ingest, read once."""

    asset: Asset
    channels: tuple[Channel, ...] = ()
    strategies: tuple[StrategyRow, ...] = ()  # the customer's, in any order
    storage: Storage = Storage()
    ingested_before: bool = False  # or at least tried, so that an image server may have read the origin


@dataclass(frozen=True, slots=True)
class Rules:
    """The house's rules, from settings: the part of the configuration that decisions ask."""

    storage_bucket: str
    thumbs_bucket: str
    origin_bucket: str
    security_bucket: str
    origin_regex: str  # origins in our own origin bucket
    region: str | None = None  # put into the S3 URIs that we write; None: none
    default_thumbs: tuple[IiifSize, ...] = ()
    quota_exempt: frozenset[int] = frozenset()
    readable: frozenset[str] = frozenset(  # what the image server can read, for use-original
        {"image/jpeg", "image/jp2", "image/tiff", "image/png", "image/gif", "image/bmp", "image/webp"}
    )
    max_pixels: int = 1_000_000_000
    max_bytes: int = 20 * 1024**3
    cascade: bool = True
    origin_bucket_open: bool = False  # customers may name any key of the origin bucket, not only {customer}/


@dataclass(frozen=True, slots=True)
class Run:
    """One claimed try at one asset: its id, and which attempt of its message it is (from 1)."""

    id: UUID
    asset: AssetId
    key: str
    attempt: int = 1
    batch: int | None = None
    suspect: bool = False
