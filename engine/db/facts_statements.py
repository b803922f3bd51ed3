"""The one read that gives everything a decision needs."""

from __future__ import annotations

from engine.db.sql import sql

CHANNELS = """
    (
        SELECT json_agg(json_build_array(
            chosen."Channel", policy."Id", policy."Customer", policy."Channel", policy."Name", policy."PolicyData",
            policy."System"
        ) ORDER BY chosen."Id")
        FROM "ImageDeliveryChannels" AS chosen
        JOIN "DeliveryChannelPolicies" AS policy ON policy."Id" = chosen."DeliveryChannelPolicyId"
        WHERE chosen."ImageId" = :asset
    )::text"""

FACTS = sql(
    """
SELECT
    asset."Origin" AS origin, asset."MediaType" AS media_type, asset."MaxUnauthorised" AS max_unauthorised,
    asset."Roles" AS roles, asset."Finished" IS NOT NULL OR EXISTS (
        SELECT FROM engine.runs WHERE runs.asset = :asset AND finished IS NOT NULL AND outcome <> 'superseded'
    ) AS ingested_before,
""",
    CHANNELS,
    """ AS channels,
    (
        SELECT json_agg(json_build_array("Id", "Customer", "Regex", "Strategy", "Credentials", "Optimised", "Order"))
        FROM "CustomerOriginStrategies" WHERE "Customer" = :customer
    )::text AS strategies,
    COALESCE(NULLIF(total."StoragePolicy", ''), 'default') AS storage_policy,
    policy."MaximumTotalSizeOfStoredImages" AS maximum,
    COALESCE(total."TotalSizeOfStoredImages", 0) + CASE
        WHEN policy."MaximumTotalSizeOfStoredImages" - COALESCE(total."TotalSizeOfStoredImages", 0) < :clearance
        THEN (SELECT COALESCE(sum(bytes), 0) FROM engine.folds WHERE customer = :customer)
        ELSE 0
    END::bigint AS customer_total,
    COALESCE(held."Size", 0) AS bytes, COALESCE(held."ThumbnailSize", 0) AS thumb_bytes
FROM "Images" AS asset
LEFT JOIN "ImageStorage" AS held
    ON held."Id" = :asset AND held."Customer" = :customer AND held."Space" = :space
LEFT JOIN "CustomerStorage" AS total ON total."Customer" = :customer AND total."Space" = 0
LEFT JOIN "StoragePolicies" AS policy ON policy."Id" = COALESCE(NULLIF(total."StoragePolicy", ''), 'default')
WHERE asset."Id" = :asset
""",
)
"""What is still to be folded counts where the quota is near; far from it the total may lag by a second."""
