"""Reading a request: the bytes of a message or of a POST become one IngestRequest, or Unreadable.

The first step of every ingest, whoever asks. Three forms are read (the DLCS's, the full one with an origin, and
either wrapped by SNS); nothing here knows the database, so an asset that does not exist reads perfectly well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from policies.outcome import Unreadable
from policies.properties import (
    LARGEST_INTEGER,
    Json,
    Unusable,
    date_of,
    folded,
    number_of,
    read_object,
    shown,
    storable,
    text_of,
    texts_of,
    unusable_property,
    unwrapped,
    whole_number,
)
from policies.reasons import REQUEST_BAD_ID

LONGEST_ID = 220
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""What .NET sends for a date that nobody has set."""


@dataclass(frozen=True, slots=True)
class AssetId:
    """`customer/space/asset`: the name of an asset everywhere."""

    customer: int
    space: int
    asset: str

    def __str__(self) -> str:
        return f"{self.customer}/{self.space}/{self.asset}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a full message says of its asset: create or update the row from this. None: keep, or default."""

    origin: str
    image_policy: str | None = None  # a name; a URI has been cut to its last segment
    thumbnail_policy: str | None = None
    channels: tuple[str, ...] | None = None
    media_type: str | None = None
    max_unauthorised: int | None = None
    roles: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """One asset to ingest, whoever asked and in whichever form."""

    asset: AssetId
    created: datetime | None = None  # aware, UTC
    batch: int | None = None
    named: Named | None = None  # only in the full form


def read_request(body: bytes | str) -> IngestRequest | Unreadable:
    """The request in a body, or why there is none."""
    try:
        message = unwrapped(read_object(body))
        if message.get("origin") is None:
            return IngestRequest(_whole_id(message.get("id")), _created(message), _batch(message))
        return IngestRequest(_agreeing_id(message), _created(message), _batch(message), _named(message))
    except Unusable as found:
        return Unreadable(found.reason)


def parse_asset_id(text: str) -> AssetId:
    """`99/1/page-1` as an AssetId; a ValueError says what was expected."""
    match = re.fullmatch(r"([0-9]+)/([0-9]+)/([^/]+)", text) if len(text) <= LONGEST_ID else None
    if match is None:
        raise ValueError(f"expected customer/space/asset, {LONGEST_ID} characters at most, not {shown(text)}")
    customer, space = int(match[1]), int(match[2])
    if max(customer, space) > LARGEST_INTEGER:
        raise ValueError(f"expected a customer and a space up to {LARGEST_INTEGER}, not {shown(text)}")
    if not storable(match[3]):
        raise ValueError(f"expected an id that a database can hold, not {shown(text)}")
    return AssetId(customer, space, match[3])


def request_key(request: IngestRequest, message_id: str) -> str:
    """What tells a message from every other, however often it is delivered or copied."""
    if request.created is None:
        return f"message/{message_id}"
    return f"{request.created.isoformat()}/{request.batch or 0}/{request.asset}"


def _whole_id(value: object) -> AssetId:
    """An id that says everything: an object, or `customer/space/asset`."""
    if isinstance(value, Mapping):
        parts = folded(value)
        asset = parts.get("asset")
        if not isinstance(asset, str):
            raise Unusable(REQUEST_BAD_ID, f"expected `asset` in `id` to be text, not {shown(asset)}")
        return _made_id(parts.get("customer"), parts.get("space"), asset)
    if not isinstance(value, str):
        raise Unusable(REQUEST_BAD_ID, f"expected `id` to be customer/space/asset, not {shown(value)}")
    return _parsed_id(value)


def _agreeing_id(message: Json) -> AssetId:
    """The id of a full message, which `customer` and `space` complete or confirm."""
    value, customer, space = message.get("id"), message.get("customer"), message.get("space")
    if isinstance(value, str) and "/" not in value:
        return _made_id(customer, space, value)
    whole = _whole_id(value)
    if whole != _made_id(customer, space, whole.asset):
        raise Unusable(
            REQUEST_BAD_ID, f"`id` is {shown(str(whole))}, but customer {shown(customer)}, space {shown(space)}"
        )
    return whole


def _made_id(customer: object, space: object, asset: str) -> AssetId:
    numbers = whole_number(customer), whole_number(space)
    if None in numbers:
        raise Unusable(REQUEST_BAD_ID, f"expected whole numbers, not customer {shown(customer)}, space {shown(space)}")
    return _parsed_id(f"{numbers[0]}/{numbers[1]}/{asset}")


def _parsed_id(text: str) -> AssetId:
    try:
        return parse_asset_id(text)
    except ValueError as error:
        raise Unusable(REQUEST_BAD_ID, str(error)) from error


def _created(message: Json) -> datetime | None:
    """When the asset was handed in; the date of nothing is none."""
    date = date_of(message, "created")
    return None if date == NEVER else date


def _batch(message: Json) -> int | None:
    """The batch; whatever is not above zero means none."""
    below = (whole_number(message.get("batchid")) or 0) < 0
    return None if below else number_of(message, "batchId") or None


def _named(message: Json) -> Named:
    origin = text_of(message, "origin")
    if not origin or origin.isspace():
        raise unusable_property("origin", "an address", message["origin"])
    return Named(
        origin=origin,
        image_policy=_policy(text_of(message, "imageOptimisationPolicy")),
        thumbnail_policy=_policy(text_of(message, "thumbnailPolicy")),
        channels=texts_of(message, "deliveryChannels") or None,
        media_type=(text_of(message, "mediaType") or "").strip() or None,
        max_unauthorised=number_of(message, "maxUnauthorised"),
        roles=texts_of(message, "roles"),
    )


def _policy(text: str | None) -> str | None:
    """The name of a policy that was given as a name or as a URI."""
    if text is None or "/" not in text:
        return (text or "").strip() or None
    path = text.partition("?")[0].partition("#")[0]
    return unquote(path.rstrip("/").rpartition("/")[2]) or None
