"""The tables of the DLCS that an ingest engine touches: their names, types and keys are facts of that system.

Frozen: the first migration makes those that are absent. `info=UNUSED` marks columns that the engine never names, so a
database without them is as good.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

UNUSED = {"unused": True}

metadata = sa.MetaData()
batch_ids = sa.Sequence("batch_id_sequence", metadata=metadata)


def _text(name: str, length: int = 500, **options: object) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _number(name: str, **options: object) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _big(name: str, **options: object) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _flag(name: str, **options: object) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _generated() -> sa.Column[int]:
    return sa.Column("Id", sa.Integer, sa.Identity(always=False), primary_key=True)


def _asset(name: str, **options: object) -> sa.Column[str]:
    key = sa.ForeignKey("Images.Id", ondelete="CASCADE")
    return sa.Column(name, sa.String(500), key, nullable=False, **options)  # type: ignore[arg-type]  # passed through


def _policy() -> sa.Column[int]:
    key = sa.ForeignKey("DeliveryChannelPolicies.Id", ondelete="CASCADE")
    return sa.Column("DeliveryChannelPolicyId", sa.Integer, key, nullable=False)


customers = sa.Table(
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

spaces = sa.Table(
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

images = sa.Table(
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
    _big("Duration", server_default=sa.text("0")),
    _text("Error", 1000, server_default=sa.text("NULL")),
    _number("Batch"),
    _moment("Finished", nullable=True),
    _flag("Ingesting"),
    _text("ImageOptimisationPolicy", server_default="fast-lossy"),
    _text("ThumbnailPolicy", server_default="original"),
    sa.Column("Family", sa.CHAR(1), nullable=False, server_default="I"),
    _text("MediaType", 100, server_default="image/jp2"),
    _flag("NotForDelivery"),
    _text("DeliveryChannels", 100),
    sa.Column("Manifests", sa.ARRAY(sa.Text), info=UNUSED),
)
sa.Index("IX_ImagesByBatch", images.c.Batch)
sa.Index("IX_ImagesBySpace", images.c.Customer, images.c.Space)

policies = sa.Table(
    "DeliveryChannelPolicies",
    metadata,
    _generated(),
    _text("Name"),
    sa.Column("DisplayName", sa.Text),
    _number("Customer"),
    _text("Channel", 100),
    _flag("System"),
    _moment("Created"),
    _moment("Modified"),
    sa.Column("PolicyData", sa.Text),
)
sa.Index(
    "IX_DeliveryChannelPolicies_Customer_Name_Channel",
    policies.c.Customer,
    policies.c.Name,
    policies.c.Channel,
    unique=True,
)

default_channels = sa.Table(
    "DefaultDeliveryChannels",
    metadata,
    sa.Column("Id", sa.Uuid, primary_key=True),
    _number("Customer"),
    _number("Space"),
    _text("MediaType", 255),
    _policy(),
)
sa.Index(
    "IX_DefaultDeliveryChannels_Key",
    default_channels.c.Customer,
    default_channels.c.Space,
    default_channels.c.MediaType,
    default_channels.c.DeliveryChannelPolicyId,
    unique=True,
)

channels = sa.Table(
    "ImageDeliveryChannels",
    metadata,
    _generated(),
    _asset("ImageId"),
    sa.Column("Channel", sa.Text, nullable=False),
    _policy(),
)
sa.Index("IX_ImageDeliveryChannels_ImageId", channels.c.ImageId)

sa.Table("ImageLocation", metadata, _text("Id", primary_key=True), _text("S3"), _text("Nas"))

sa.Table(
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

sa.Table(
    "AssetApplicationMetadata",
    metadata,
    _asset("AssetId", primary_key=True),
    sa.Column("MetadataType", sa.Text, primary_key=True),
    sa.Column("MetadataValue", JSONB, nullable=False),
    _moment("Created"),
    _moment("Modified"),
)

sa.Table(
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

sa.Table(
    "BatchAssets",
    metadata,
    sa.Column(
        "BatchId", sa.Integer, sa.ForeignKey("Batches.Id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    _asset("AssetId", primary_key=True),
    _number("Status"),
    sa.Column("Error", sa.Text),
    _moment("Finished", nullable=True),
)

sa.Table(
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

storage_policies = sa.Table(
    "StoragePolicies",
    metadata,
    _text("Id", primary_key=True),
    _big("MaximumNumberOfStoredImages"),
    _big("MaximumTotalSizeOfStoredImages"),
)

sa.Table(
    "CustomerStorage",
    metadata,
    _number("Customer", primary_key=True, autoincrement=False),
    _number("Space", primary_key=True, autoincrement=False),
    sa.Column("StoragePolicy", sa.String(500)),
    _big("NumberOfStoredImages"),
    _big("TotalSizeOfStoredImages"),
    _big("TotalSizeOfThumbnails"),
    _moment("LastCalculated", nullable=True),
)

sa.Table(
    "Queues",
    metadata,
    _number("Customer", primary_key=True, autoincrement=False),
    _text("Name", primary_key=True, server_default="default"),
    _number("Size"),
)
