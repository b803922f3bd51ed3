"""Where everything that an ingest stores lies, and what its files are called on disk.

Keys are made from asset ids; names on disk never are. Prefixes end in `/`, so that listing what belongs to
`99/1/a` never meets what belongs to `99/1/ab`.
"""

from __future__ import annotations

import re
from uuid import UUID

from policies.request import AssetId

TRANSIENT = "transient/"
"""What is staged for the image server lies below this prefix of the storage bucket."""


def derivative_key(asset: AssetId) -> str:
    """The JPEG 2000 that is served."""
    return str(asset)


def original_key(asset: AssetId) -> str:
    """The original, kept as it came."""
    return f"{asset}/original"


def thumb_key(asset: AssetId, open: bool, longest: int) -> str:  # noqa: A002 - the DLCS's word
    """One thumbnail, named by its longest edge, before or behind the login."""
    return f"{asset}/{'open' if open else 'auth'}/{longest}.jpg"


def sizes_key(asset: AssetId) -> str:
    """The list of the sizes that there are."""
    return f"{asset}/s.json"


def thumb_prefixes(asset: AssetId) -> tuple[str, str]:
    """What to list to find every thumbnail of an asset."""
    return f"{asset}/open/", f"{asset}/auth/"


def info_prefix(asset: AssetId) -> str:
    """The info.json documents that others cache, stale once the image has changed."""
    return f"{asset}/info/"


def transient_key(run: UUID) -> str:
    """What the image server reads during one run; nobody ever read another picture under it."""
    return f"{TRANSIENT}{run}"


def credentials_key(customer: int, strategy: str) -> str:
    """The credentials of one origin strategy, in the security bucket."""
    return f"{customer}/origin-strategy/{strategy}/credentials.json"


def file_name(stem: str, suffix: str = "") -> str:
    """A name on disk that is safe whatever it is made from: small ASCII letters, digits and dashes, one dot."""
    plain = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64] or "file"
    ending = re.sub(r"[^a-z0-9]", "", suffix.lower())[:16]
    return f"{plain}.{ending}" if ending else plain
