"""The tables of the DLCS that an ingest engine touches: their names, types and keys are facts of that system.

Frozen: the first migration makes those that are absent. `info=UNUSED` marks columns that the engine never names, so a
database without them is as good.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    CHAR,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

UNUSED = {"unused": True}

metadata = MetaData()
batch_ids = Sequence("batch_id_sequence", metadata=metadata)


def _text(name: str, length: int = 500, **options: object) -> Column[str]:
    return Column(name, String(length), nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _number(name: str, **options: object) -> Column[int]:
    return Column(name, Integer, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _big(name: str, **options: object) -> Column[int]:
    return Column(name, BigInteger, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _flag(name: str, **options: object) -> Column[bool]:
    return Column(name, Boolean, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable)


def _generated() -> Column[int]:
    return Column("Id", Integer, Identity(always=False), primary_key=True)


def _asset(name: str, **options: object) -> Column[str]:
    key = ForeignKey("Images.Id", ondelete="CASCADE")
    return Column(name, String(500), key, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _policy() -> Column[int]:
    key = ForeignKey("DeliveryChannelPolicies.Id", ondelete="CASCADE")
    return Column("DeliveryChannelPolicyId", Integer, key, nullable=False)


customers = Table(
    "Customers",
    metadata,
    _number("Id", primary_key=True, autoincrement=False),
    _text("Name", unique=True),
    _text("DisplayName", unique=True),
    _text("Keys", 1000),
    _flag("Administrator"),
    _moment("Created"),
    _flag("AcceptedAgreement"),
)

spaces = Table(
    "Spaces",
    metadata,
    _number("Id", primary_key=True, autoincrement=False),
    _number("Customer", primary_key=True, autoincrement=False),
    _text("Name"),
    _moment("Created"),
    _text("ImageBucket"),
    _text("Tags", 1000),
    _text("Roles", 1000),
    _flag("Keep"),
    _flag("Transform"),
    _number("MaxUnauthorised"),
)

images = Table(
    "Images",
    metadata,
    _text("Id", primary_key=True),
    _number("Customer"),
    _number("Space"),
    _moment("Created"),
    _text("Origin", 1000),
    _text("Tags", 1000),
    _text("Roles", 1000),
    _text("PreservedUri", 1000),
    *(_text(f"Reference{number}") for number in (1, 2, 3)),
    *(_number(f"NumberReference{number}") for number in (1, 2, 3)),
    _number("MaxUnauthorised"),
    _number("Width"),
    _number("Height"),
    _big("Duration", server_default=text("0")),
    _text("Error", 1000, server_default=text("NULL")),
    _number("Batch"),
    _moment("Finished", nullable=True),
    _flag("Ingesting"),
    _text("ImageOptimisationPolicy", server_default="fast-lossy"),
    _text("ThumbnailPolicy", server_default="original"),
    Column("Family", CHAR(1), nullable=False, server_default="I"),
    _text("MediaType", 100, server_default="image/jp2"),
    _flag("NotForDelivery"),
    _text("DeliveryChannels", 100),
    Column("Manifests", ARRAY(Text), info=UNUSED),
)
Index("IX_ImagesByBatch", images.c.Batch)
Index("IX_ImagesBySpace", images.c.Customer, images.c.Space)

policies = Table(
    "DeliveryChannelPolicies",
    metadata,
    _generated(),
    _text("Name"),
    Column("DisplayName", Text),
    _number("Customer"),
    _text("Channel", 100),
    _flag("System"),
    _moment("Created"),
    _moment("Modified"),
    Column("PolicyData", Text),
)
Index(
    "IX_DeliveryChannelPolicies_Customer_Name_Channel",
    policies.c.Customer,
    policies.c.Name,
    policies.c.Channel,
    unique=True,
)

default_channels = Table(
    "DefaultDeliveryChannels",
    metadata,
    Column("Id", Uuid, primary_key=True),
    _number("Customer"),
    _number("Space"),
    _text("MediaType", 255),
    _policy(),
)
Index(
    "IX_DefaultDeliveryChannels_Key",
    default_channels.c.Customer,
    default_channels.c.Space,
    default_channels.c.MediaType,
    default_channels.c.DeliveryChannelPolicyId,
    unique=True,
)

channels = Table(
    "ImageDeliveryChannels",
    metadata,
    _generated(),
    _asset("ImageId"),
    Column("Channel", Text, nullable=False),
    _policy(),
)
Index("IX_ImageDeliveryChannels_ImageId", channels.c.ImageId)

Table("ImageLocation", metadata, _text("Id", primary_key=True), _text("S3"), _text("Nas"))

Table(
    "ImageStorage",
    metadata,
    _text("Id", primary_key=True),
    _number("Customer", primary_key=True, autoincrement=False),
    _number("Space", primary_key=True, autoincrement=False),
    _big("ThumbnailSize"),
    _big("Size"),
    _moment("LastChecked"),
    _flag("CheckingInProgress"),
)

Table(
    "AssetApplicationMetadata",
    metadata,
    _asset("AssetId", primary_key=True),
    Column("MetadataType", Text, primary_key=True),
    Column("MetadataValue", JSONB, nullable=False),
    _moment("Created"),
    _moment("Modified"),
)

Table(
    "Batches",
    metadata,
    _number("Id", primary_key=True, autoincrement=False, server_default=batch_ids.next_value()),
    _number("Customer"),
    _moment("Submitted"),
    _number("Count"),
    _number("Completed"),
    _number("Errors"),
    _moment("Finished", nullable=True),
    _flag("Superseded"),
)

Table(
    "BatchAssets",
    metadata,
    Column("BatchId", Integer, ForeignKey("Batches.Id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _asset("AssetId", primary_key=True),
    _number("Status"),
    Column("Error", Text),
    _moment("Finished", nullable=True),
)

Table(
    "CustomerOriginStrategies",
    metadata,
    _text("Id", primary_key=True),
    _number("Customer"),
    _text("Regex", 1000),
    _text("Strategy"),
    _text("Credentials", 1000),
    _flag("Optimised"),
    _number("Order"),
)

storage_policies = Table(
    "StoragePolicies",
    metadata,
    _text("Id", primary_key=True),
    _big("MaximumNumberOfStoredImages"),
    _big("MaximumTotalSizeOfStoredImages"),
)

Table(
    "CustomerStorage",
    metadata,
    _number("Customer", primary_key=True, autoincrement=False),
    _number("Space", primary_key=True, autoincrement=False),
    Column("StoragePolicy", String(500)),
    _big("NumberOfStoredImages"),
    _big("TotalSizeOfStoredImages"),
    _big("TotalSizeOfThumbnails"),
    _moment("LastCalculated", nullable=True),
)

Table(
    "Queues",
    metadata,
    _number("Customer", primary_key=True, autoincrement=False),
    _text("Name", primary_key=True, server_default="default"),
    _number("Size"),
)
