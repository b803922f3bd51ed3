"""Facts as a JSON file: what `sluice explain --file` reads, and what `--json` writes.

For trying an asset, a policy or a strategy that no database has. Credentials are never written, only that there
are some, and addresses are redacted; an unknown property is an error here, for a person wrote it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from images.size import Size
from images.strict_json import JsonError, read_json
from policies.facts import Asset, Channel, Facts, PolicyRow, Storage, StrategyRow
from policies.given import FactsError, Given, anything, flag, number, number_or_null, side, text, texts
from policies.redact import redact
from policies.request import AssetId, parse_asset_id

CREDENTIALS_GIVEN = "***"


@dataclass(frozen=True, slots=True)
class FactsFile:
    """What a file says: the facts and, perhaps, the size of the image."""

    facts: Facts
    image: Size | None = None


def read_facts(content: str) -> FactsFile:
    """The facts in a JSON text; the output of `sluice explain --json` is one too."""
    try:
        whole = read_json(content)
    except JsonError as error:
        raise FactsError(f"expected a JSON object: {error}") from error
    if isinstance(whole, dict) and isinstance(whole.get("facts"), dict):
        whole = whole["facts"]
    given = Given("facts", whole)
    asset = Asset(
        id=given.need("asset", _asset_id),
        origin=given.take("origin", text, ""),
        media_type=given.take("mediaType", text, "image/unknown"),
        max_unauthorised=given.take("maxUnauthorised", number_or_null, -1),
        roles=given.take("roles", texts, ()),
    )
    facts = Facts(
        asset=asset,
        channels=given.each("channels", lambda channel: _channel(channel, asset.id.customer)),
        strategies=given.each("strategies", lambda strategy: _strategy(strategy, asset.id.customer)),
        storage=_storage(Given("storage", given.take("storage", anything, {}))),
        ingested_before=given.take("ingestedBefore", flag, False),
    )
    width, height = given.take("width", side, None), given.take("height", side, None)
    given.nothing_else()
    return FactsFile(facts, Size(width, height) if width and height else None)


def facts_json(facts: Facts, image: Size | None = None) -> dict[str, Any]:
    """Facts as `read_facts` reads them back, credentials aside."""
    asset, storage = facts.asset, facts.storage
    return {
        "asset": str(asset.id),
        "origin": redact(asset.origin),
        "mediaType": asset.media_type,
        "maxUnauthorised": asset.max_unauthorised,
        "roles": list(asset.roles),
        **({"width": image.width, "height": image.height} if image else {}),
        "ingestedBefore": facts.ingested_before,
        "channels": [
            {
                "channel": channel.name,
                "policy": channel.policy.name,
                "id": channel.policy.id,
                "customer": channel.policy.customer,
                "system": channel.policy.system,
                "data": channel.policy.data,
            }
            for channel in facts.channels
        ],
        "strategies": [
            {
                "id": row.id,
                "order": row.order,
                "regex": row.regex,
                "strategy": row.strategy,
                "credentials": CREDENTIALS_GIVEN if row.credentials.strip() else "",
                "optimised": row.optimised,
            }
            for row in facts.strategies
        ],
        "storage": {
            "policy": storage.policy,
            "maximum": storage.maximum,
            "total": storage.customer_total,
            "asset": storage.asset_bytes,
            "assetThumbnails": storage.asset_thumb_bytes,
        },
    }


def _channel(given: Given, customer: int) -> Channel:
    name = given.need("channel", text)
    policy = PolicyRow(
        id=given.take("id", number, 0),
        customer=given.take("customer", number, customer),
        channel=name,
        name=given.take("policy", text, "default"),
        data=given.take("data", _policy_data, None),
        system=given.take("system", flag, False),
    )
    given.nothing_else()
    return Channel(name, policy)


def _strategy(given: Given, customer: int) -> StrategyRow:
    row = StrategyRow(
        id=given.take("id", text, "strategy"),
        customer=customer,
        regex=given.need("regex", text),
        strategy=given.need("strategy", text),
        credentials=given.take("credentials", text, ""),
        optimised=given.take("optimised", flag, False),
        order=given.take("order", number, 0),
    )
    given.nothing_else()
    return row


def _storage(given: Given) -> Storage:
    storage = Storage(
        policy=given.take("policy", text, "default"),
        maximum=given.take("maximum", number_or_null, 2**63 - 1),
        customer_total=given.take("total", number, 0),
        asset_bytes=given.take("asset", number, 0),
        asset_thumb_bytes=given.take("assetThumbnails", number, 0),
    )
    given.nothing_else()
    return storage


def _policy_data(value: object, where: str) -> str | None:
    """PolicyData as its column has it; in a file it may also stand as the JSON that it is."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=float)
    return None if value is None else text(value, where)


def _asset_id(value: object, where: str) -> AssetId:
    try:
        return parse_asset_id(text(value, where))
    except FactsError:
        raise
    except ValueError as error:
        raise FactsError(f"{where}: {error}") from error
