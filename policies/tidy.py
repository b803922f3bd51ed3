"""TIDY: which of an asset's objects no row needs any more. Pure: rows and listings in, keys to delete out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from policies.facts import Rules
from policies.keys import derivative_key, info_prefix, original_key, sizes_key, thumb_key, thumb_prefixes
from policies.request import AssetId
from policies.s3_address import read_s3


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows that name objects."""

    asset: AssetId
    location: str | None  # ImageLocation.S3
    thumbs_json: str | None
    keys: tuple[str, ...] | None  # of the last successful run of ours, as "bucket/key"; None: there is none
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Needed:
    """What the recorded rows of one asset name, as (bucket, key).

    The rows of a result of before our time may say too little: then more may be needed than is named.
    """

    objects: frozenset[tuple[str, str]]
    all_originals: bool = True  # named, as far as they are needed
    all_derivatives: bool = True
    all_pictures: bool = True


@dataclass(frozen=True, slots=True)
class Stale:
    """An object that no row names."""

    bucket: str
    key: str
    certain: bool = True  # False: it may go if a run of ours has stored it, and only then


def needed(recorded: Recorded, rules: Rules) -> Needed:
    """Everything that must stay."""
    if not recorded.exists:
        return Needed(frozenset())
    location = read_s3(recorded.location) if recorded.location else None
    objects = set[tuple[str, str]]()
    if location is not None and location.bucket == rules.storage_bucket:
        objects.add((location.bucket, location.key))
    pictures = _thumbnails(recorded.asset, recorded.thumbs_json)
    if pictures is not None:
        objects.update((rules.thumbs_bucket, key) for key in (*pictures, sizes_key(recorded.asset)))
    for name in recorded.keys or ():
        bucket, _, key = name.partition("/")
        objects.add((bucket, key))
    ours = recorded.keys is not None
    return Needed(
        frozenset(objects),
        all_originals=ours,
        all_derivatives=ours or location is not None or not recorded.location,
        all_pictures=ours or pictures is not None,
    )


def stale(must: Needed, asset: AssetId, listed: Iterable[tuple[str, str]], rules: Rules) -> list[Stale]:
    """Those of the listed objects that are an ingest's by their key, and needed by nothing."""
    found = (_stale(must, asset, bucket, key, rules) for bucket, key in listed if (bucket, key) not in must.objects)
    return [one for one in found if one is not None]


def _stale(must: Needed, asset: AssetId, bucket: str, key: str, rules: Rules) -> Stale | None:
    """An object that is not named; None if it is no ingest's."""
    if bucket == rules.thumbs_bucket:
        thumbnail = key.startswith(thumb_prefixes(asset)) and key.endswith(".jpg")
        return Stale(bucket, key, must.all_pictures) if thumbnail or key == sizes_key(asset) else None
    if bucket != rules.storage_bucket:
        return None
    if key == derivative_key(asset):
        return Stale(bucket, key, must.all_derivatives)
    if key == original_key(asset):
        return Stale(bucket, key, must.all_originals)
    return Stale(bucket, key) if key.startswith(info_prefix(asset)) else None


def _thumbnails(asset: AssetId, thumbs_json: str | None) -> Collection[str] | None:
    """The keys that a list of sizes stands for; None when there is none, or none that can be read."""
    try:
        sizes = json.loads(thumbs_json or "null")
        return [
            thumb_key(asset, is_open, max(width, height))
            for side, is_open in (("o", True), ("a", False))
            for width, height in sizes.get(side) or ()
        ]
    except (ValueError, TypeError, AttributeError):
        return None
