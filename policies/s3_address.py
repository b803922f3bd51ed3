"""S3 addresses: every form that origins come in, read and written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket and a key, perhaps with the bucket's region."""

    bucket: str
    key: str
    region: str | None = None
