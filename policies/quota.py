"""Quota: whether what a customer would store still fits the storage policy. Both bounds are inclusive."""

from __future__ import annotations

from policies.facts import Facts, Rules
from policies.outcome import Refused
from policies.reasons import OVER_QUOTA, QUOTA_UNKNOWN

AT_LEAST = 100
"""Bytes that any asset is taken to need, before its size is known."""
OVER_QUOTA_MESSAGE = "StoragePolicy size limit exceeded"
"""Word for word what the DLCS has always said."""


def check_quota(facts: Facts, rules: Rules, bytes_to_store: int = AT_LEAST) -> Refused | None:
    """The refusal, if storing so much for this asset, in place of what it stores now, is too much."""
    storage, customer = facts.storage, facts.asset.id.customer
    if customer in rules.quota_exempt:
        return None
    if storage.maximum is None:
        return Refused(
            QUOTA_UNKNOWN.of(
                f'storage policy "{storage.policy}" of customer {customer} has no row in "StoragePolicies"'
            )
        )
    if storage.customer_total - storage.asset_bytes + bytes_to_store > storage.maximum:
        return Refused(OVER_QUOTA.of(OVER_QUOTA_MESSAGE))
    return None
