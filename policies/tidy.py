"""TIDY: which of an asset's objects no row needs any more. Pure: rows and listings in, keys to delete out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from policies.facts import Rules
from policies.keys import derivative_key, info_prefix, original_key, sizes_key, thumb_key, thumb_prefixes
from policies.request import AssetId
from policies.s3_address import S3Address


@dataclass(frozen=True, slots=True)
class Needed:
    """What the recorded rows of one asset name, as (bucket, key)."""

    objects: frozenset[tuple[str, str]]
    sure: bool  # False: no success of ours, perhaps one of before our time; only what a run of ours stored may go


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows that name objects."""

    asset: AssetId
    location: S3Address | None  # ImageLocation.S3, read
    thumbs_json: str | None
    keys: tuple[str, ...] | None  # of the last successful run of ours, as "bucket/key"; None: there is none
    exists: bool = True


def needed(recorded: Recorded, rules: Rules) -> Needed:
    """Everything that must stay."""
    if not recorded.exists:
        return Needed(frozenset(), sure=True)
    objects = set[tuple[str, str]]()
    if recorded.location is not None and recorded.location.bucket == rules.storage_bucket:
        objects.add((recorded.location.bucket, recorded.location.key))
    if recorded.thumbs_json is not None:
        objects.add((rules.thumbs_bucket, sizes_key(recorded.asset)))
        objects.update((rules.thumbs_bucket, key) for key in _thumbnails(recorded.asset, recorded.thumbs_json))
    for name in recorded.keys or ():
        bucket, _, key = name.partition("/")
        objects.add((bucket, key))
    return Needed(frozenset(objects), sure=recorded.keys is not None)


def stale(needed_now: Needed, asset: AssetId, listed: Iterable[tuple[str, str]], rules: Rules) -> list[tuple[str, str]]:
    """Those of the listed objects that are an ingest's by their key, and needed by nothing."""
    return [
        (bucket, key)
        for bucket, key in listed
        if (bucket, key) not in needed_now.objects and _is_ours(bucket, key, asset, rules)
    ]


def _is_ours(bucket: str, key: str, asset: AssetId, rules: Rules) -> bool:
    if bucket == rules.thumbs_bucket:
        return key == sizes_key(asset) or (key.startswith(thumb_prefixes(asset)) and key.endswith(".jpg"))
    if bucket == rules.storage_bucket:
        return key in {derivative_key(asset), original_key(asset)} or key.startswith(info_prefix(asset))
    return False


def _thumbnails(asset: AssetId, thumbs_json: str) -> Collection[str]:
    sizes = json.loads(thumbs_json)
    return [
        thumb_key(asset, is_open, max(width, height))
        for side, is_open in (("o", True), ("a", False))
        for width, height in sizes.get(side, ())
    ]
