"""The statements that make rows of a full message."""

from __future__ import annotations

from engine.db.facts_statements import CHANNELS
from engine.db.sql import sql

LOCK_ASSET = sql(
    """
SELECT "Origin" AS origin, "MediaType" AS media_type, "MaxUnauthorised" AS max_unauthorised, "Roles" AS roles,
""",
    CHANNELS,
    """ AS channels
FROM "Images" WHERE "Id" = :asset FOR UPDATE
""",
)

KNOWN = sql("""
SELECT
    (
        SELECT json_agg(json_build_array("Id", "Customer", "Channel", "Name", "PolicyData", "System") ORDER BY "Id")
        FROM "DeliveryChannelPolicies" WHERE "Customer" IN (:customer, 1)
    )::text AS policies,
    (
        SELECT json_agg(json_build_array(
            given."Space", given."MediaType", policy."Id", policy."Customer", policy."Channel", policy."Name",
            policy."PolicyData", policy."System"
        ))
        FROM "DefaultDeliveryChannels" AS given
        JOIN "DeliveryChannelPolicies" AS policy ON policy."Id" = given."DeliveryChannelPolicyId"
        WHERE given."Customer" = :customer AND given."Space" IN (:space, 0)
    )::text AS defaults,
    :batch IS NULL OR EXISTS (SELECT FROM "Batches" WHERE "Id" = :batch) AS batch
""")

WRITE_ASSET = sql("""
INSERT INTO "Images" (
    "Id", "Customer", "Space", "Created", "Origin", "Tags", "Roles", "PreservedUri", "Reference1", "Reference2",
    "Reference3", "NumberReference1", "NumberReference2", "NumberReference3", "MaxUnauthorised", "Width", "Height",
    "Error", "Batch", "Ingesting", "ImageOptimisationPolicy", "ThumbnailPolicy", "Family", "MediaType",
    "NotForDelivery", "DeliveryChannels"
)
VALUES (
    :asset, :customer, :space, now(), :origin, '', :roles, '', '', '',
    '', 0, 0, 0, :max_unauthorised, 0, 0,
    '', COALESCE(:batch, 0), true, '', '', :family, :media_type,
    false, ''
)
ON CONFLICT ("Id") DO UPDATE
SET "Origin" = EXCLUDED."Origin", "MediaType" = EXCLUDED."MediaType", "Roles" = EXCLUDED."Roles",
    "MaxUnauthorised" = EXCLUDED."MaxUnauthorised", "Ingesting" = true
""")

ADD_POLICY = sql("""
INSERT INTO "DeliveryChannelPolicies"
    ("Name", "DisplayName", "Customer", "Channel", "System", "Created", "Modified", "PolicyData")
VALUES (:name, :name, :customer, :channel, false, now(), now(), :data)
ON CONFLICT ("Customer", "Name", "Channel") DO UPDATE SET "Name" = EXCLUDED."Name"
RETURNING "Id"
""")
"""A row that somebody else has just made stays as it is; the update is only there to give its number."""

CLEAR_CHANNELS = sql("""DELETE FROM "ImageDeliveryChannels" WHERE "ImageId" = :asset""")

ADD_CHANNELS = sql("""
INSERT INTO "ImageDeliveryChannels" ("ImageId", "Channel", "DeliveryChannelPolicyId")
SELECT :asset, name, policy FROM unnest(:names, :policies) AS wanted (name, policy)
""")
