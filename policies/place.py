"""From an origin and the strategy row that matched it to a Place, or why nobody may or can go there.

The second half of matching a strategy. It knows which S3 addresses customers may not name with our own
credentials; network addresses are judged where connections are made.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from policies.facts import Rules, StrategyRow
from policies.outcome import Refused
from policies.plan import Place, StrategyKind
from policies.reasons import (
    ORIGIN_ADDRESS_UNUSABLE,
    ORIGIN_FORBIDDEN,
    STRATEGY_UNKNOWN,
    STRATEGY_WITHOUT_CREDENTIALS,
)
from policies.redact import redact
from policies.request import AssetId
from policies.s3_address import S3Address, names_access_point, read_s3


def locate(origin: str, asset: AssetId, row: StrategyRow, rules: Rules) -> Place | Refused:
    """The place that an origin is under the row that matched it."""
    kind = strategy_kind(row.strategy)
    if kind is None:
        known = ", ".join(StrategyKind)
        return Refused(STRATEGY_UNKNOWN.of(f'origin strategy {row.id}: expected {known}, not "{row.strategy}"'))
    credentials = row.credentials.strip()
    if kind.needs_credentials and not credentials:
        return Refused(STRATEGY_WITHOUT_CREDENTIALS.of(f"origin strategy {row.id} ({kind}) has no credentials"))
    address = read_s3(origin) if kind is StrategyKind.S3 else None
    if problem := _unusable(origin, kind, address):
        return Refused(ORIGIN_ADDRESS_UNUSABLE.of(problem))
    ambient = not credentials
    if address and ambient and (forbidden := _forbidden(address, asset, rules)):
        return Refused(ORIGIN_FORBIDDEN.of(forbidden))
    optimised = row.optimised and ambient and address is not None
    return Place(kind, origin, asset, credentials, row.id or None, optimised=optimised, s3=address)


def strategy_kind(name: str) -> StrategyKind | None:
    """The strategy that a row names, or None if there is none of that name."""
    return next((kind for kind in StrategyKind if kind == name), None)


def _unusable(origin: str, kind: StrategyKind, address: S3Address | None) -> str | None:
    """What is wrong with an address that its strategy cannot fetch."""
    shown = redact(origin)[:200]
    if not origin.strip():
        return "the asset has no origin"
    if kind is StrategyKind.S3 and names_access_point(origin):
        return f"{shown} is an access point; expected the bucket itself, s3://bucket/key"
    if kind is StrategyKind.S3:
        return None if address else f"{shown} is no S3 address; expected s3://bucket/key or one of its https forms"
    if kind is StrategyKind.DEFAULT and read_s3(origin) and origin[:3].lower() == "s3:":
        return f"{shown} is an S3 address, and no origin strategy ({StrategyKind.S3}) matches it"
    try:
        parts = urlsplit(origin)
        usable = parts.scheme in kind.schemes and bool(parts.hostname)
    except ValueError:
        usable = False
    return None if usable else f"{shown} is no {' or '.join(kind.schemes)} address, which the strategy {kind} fetches"


def _forbidden(address: S3Address, asset: AssetId, rules: Rules) -> str | None:
    """Why a customer may not name an S3 address that our own credentials would open."""
    bucket = address.bucket.lower()
    if bucket in {rules.storage_bucket.lower(), rules.thumbs_bucket.lower(), rules.security_bucket.lower()}:
        return f"{address.plain[:200]} is in one of our own buckets"
    if address.is_alias:
        return f"{address.plain[:200]} is an access point, behind which any bucket may be; name the bucket itself"
    if bucket != rules.origin_bucket.lower() or rules.origin_bucket_open:
        return None
    steps = address.key.split("/")
    if steps[0] == str(asset.customer) and len(steps) > 1 and not {".", ".."} & set(steps):
        return None
    return f"{address.plain[:200]} is in our origin bucket, but not under {asset.customer}/"
