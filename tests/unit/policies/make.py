"""Values for tests, by functions with defaults: a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from images.iiif_size import parse_size
from policies.facts import Asset, Channel, Facts, PolicyRow, Rules, Storage, StrategyRow
from policies.plan import IngestPlan, Place, StrategyKind, plan_ingest
from policies.request import AssetId
from policies.s3_address import read_s3

ASSET = AssetId(99, 1, "page-1")
HTTP = "https://example.org/page-1.tif"
RUN = UUID("00000000-0000-7000-8000-000000000001")

POLICY_DATA: Mapping[str, str | None] = {
    "iiif-img": None,
    "thumbs": '["!1024,1024", "!400,400"]',
    "file": None,
    "none": None,
    "iiif-av": '["audio-mp3-128"]',
}


def make_rules(**given: Any) -> Rules:
    """The rules of a house with buckets called storage, thumbs, origin and security."""
    values: dict[str, Any] = {
        "storage_bucket": "storage",
        "thumbs_bucket": "thumbs",
        "origin_bucket": "origin",
        "security_bucket": "security",
        "origin_regex": r"^s3://origin/",
        "default_thumbs": tuple(map(parse_size, ("!100,100", "!200,200", "!400,400", "!1024,1024"))),
    }
    return Rules(**{**values, **given})


def make_policy(channel: str = "iiif-img", name: str = "default", **given: Any) -> PolicyRow:
    """A policy of customer 1's, with data that makes sense for its channel."""
    values: dict[str, Any] = {"id": 1, "customer": 1, "data": POLICY_DATA.get(channel)}
    return PolicyRow(channel=channel, name=name, **{**values, **given})


def make_channels(*names: str, ready: bool = False) -> tuple[Channel, ...]:
    """Channels by name with the usual policies; the image policy is use-original if ready."""
    image = "use-original" if ready else "default"
    return tuple(Channel(name, make_policy(name, image if name == "iiif-img" else "none")) for name in names)


def make_facts(**given: Any) -> Facts:
    """An image to be converted, far below its quota; fields of the asset go by their own names."""
    asset = {name: given.pop(name) for name in tuple(given) if name in Asset.__slots__}
    values: dict[str, Any] = {"channels": make_channels("iiif-img"), "storage": Storage(maximum=10**12)}
    return Facts(Asset(**{"id": ASSET, "origin": HTTP, **asset}), **{**values, **given})


def make_place(uri: str = HTTP, **given: Any) -> Place:
    """A place on the web, or in S3 with ambient credentials if the URI says so."""
    address = read_s3(uri)
    kind = StrategyKind.S3 if address else StrategyKind.DEFAULT
    return Place(**{"kind": kind, "uri": uri, "asset": ASSET, "s3": address, **given})


def make_plan(*, rules: Rules | None = None, place: Place | None = None, **given: Any) -> IngestPlan:
    """The plan of an asset that is not refused."""
    plan = plan_ingest(make_facts(**given), place or make_place(), rules or make_rules())
    assert isinstance(plan, IngestPlan), plan
    return plan


def make_strategy(regex: str, strategy: str = "default", **given: Any) -> StrategyRow:
    """A row of customer 99's."""
    values: dict[str, Any] = {"id": "row", "customer": 99}
    return StrategyRow(regex=regex, strategy=strategy, **{**values, **given})


def sizes(*texts: str) -> tuple[Any, ...]:
    """IIIF sizes by their texts."""
    return tuple(map(parse_size, texts))


def codes(outcomes: Iterable[Any]) -> list[str]:
    """The codes of refusals."""
    return [outcome.reason.code for outcome in outcomes]
