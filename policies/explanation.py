"""What would happen to an asset, and why, as values for people and programs.

Made by `explain`, printed by the command of that name. Every text is safe to show: addresses are redacted and
credentials are only named by their kind.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StrategyLine:
    """One origin strategy that was asked, in the order of asking."""

    id: str  # of its row; or what is built in
    strategy: str
    regex: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """Where the origin is, and how it is fetched."""

    strategy: str
    by: str  # the row, or what is built in
    address: str
    credentials: str
    optimised: bool


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One delivery channel: which policy it has, from where, and what that policy means."""

    channel: str
    policy: str
    id: int
    owner: str
    data: str | None
    means: str


@dataclass(frozen=True, slots=True)
class ThumbLine:
    """One thumbnail that there would be."""

    size: str
    key: str
    side: str  # open | auth
    made: str


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request that would be made, in its form."""

    to: str
    request: str


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """What the customer may store, and does."""

    policy: str
    maximum: int | None
    total: int
    this_asset: int
    exempt: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """Why nothing would be ingested."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImageLine:
    """The size that the thumbnails are predicted for."""

    size: str
    known: bool  # False: an example, for nobody knows it yet


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that would be decided, in the order of deciding."""

    asset: str
    origin: str
    media_type: str
    strategies: tuple[StrategyLine, ...]
    place: PlaceLine | None
    policies: tuple[PolicyLine, ...]
    quota: QuotaLine
    refusal: RefusalLine | None = None
    row: str | None = None  # of the decision table
    steps: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    location: str | None = None
    image: ImageLine | None = None
    thumbnails: tuple[ThumbLine, ...] = ()
    sizes_json: str | None = None
    requests: tuple[RequestLine, ...] = ()
