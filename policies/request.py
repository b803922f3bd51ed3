"""Reading a request: the bytes of a message or of a POST become one IngestRequest, or Unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
