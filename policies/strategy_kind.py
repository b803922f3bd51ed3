"""The origin strategies there are: each one's name, and what deciding and explaining need to know of it.

How a strategy fetches is `origins.registry`'s to know. See docs/adding-an-origin.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class StrategyKind(StrEnum):
    """How an origin is fetched; the names are the DLCS's."""

    schemes: tuple[str, ...]  # that its addresses may have
    request: str  # its form, for people
    needs_credentials: bool

    DEFAULT = "default", ("http", "https"), "GET {}"
    BASIC = "basic-http-authentication", ("http", "https"), "GET {} with Authorization: Basic", True
    S3 = "s3-ambient", ("s3", "http", "https"), "GetObject {}"
    SFTP = "sftp", ("sftp",), "SFTP open and read {}", True

    def __new__(
        cls,
        name: str,
        schemes: tuple[str, ...],
        request: str,
        needs_credentials: bool = False,
    ) -> Self:
        """A name with its properties."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.schemes, kind.request, kind.needs_credentials = schemes, request, needs_credentials
        return kind
