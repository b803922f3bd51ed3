"""S3 addresses: every form that origins come in, read and written.

An `s3://` address holds its key as it is, whatever the characters; an `http(s)` one is a URL, whose path is
percent-encoded and whose query is no part of the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

REGION = r"[a-z]{2,4}(?:-[a-z]{2,5})?-(?:central|(?:north|south)?(?:east|west)|north|south)-[0-9]{1,2}"
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}"
PATH = r"(?P<path>[^?#]+)(?:[?#].*)?"
HOST = r"amazonaws\.com(?:\.cn)?(?::[0-9]+)?"

FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        rf"(?i:s3)://(?P<region>{REGION})/(?P<bucket>{BUCKET})/(?P<key>.+)",
        rf"(?i:s3)://(?P<bucket>{BUCKET})/(?P<key>.+)",
        rf"(?i:https?://s3[.-](?P<region>{REGION})\.{HOST})/(?P<bucket>{BUCKET})/{PATH}",
        rf"(?i:https?://s3\.{HOST})/(?P<bucket>{BUCKET})/{PATH}",
        rf"(?i:https?://(?P<host>{BUCKET})\.s3\.(?P<region>{REGION})\.{HOST})/{PATH}",
        rf"(?i:https?://(?P<host>{BUCKET})\.s3\.{HOST})/{PATH}",
    )
)


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket and a key, perhaps with the bucket's region."""

    bucket: str
    key: str
    region: str | None = None

    @property
    def uri(self) -> str:
        """`s3://bucket/key`, with the region in front where there is one."""
        region = f"{self.region}/" if self.region else ""
        return f"s3://{region}{self.bucket}/{self.key}"

    @property
    def plain(self) -> str:
        """`s3://bucket/key` without a region, as image servers want it."""
        return f"s3://{self.bucket}/{self.key}"

    def __str__(self) -> str:
        return self.uri


def read_s3(uri: str) -> S3Address | None:
    """The address that a URI names, or None if it is no S3 address."""
    for form in FORMS:
        if match := form.fullmatch(uri):
            parts = match.groupdict()
            bucket = parts["bucket"] if "bucket" in parts else parts["host"].lower()
            key = parts["key"] if "key" in parts else _decoded(parts["path"])
            region = parts.get("region")
            return S3Address(bucket, key, region.lower() if region else None) if _possible(key) else None
    return None


def write_s3(bucket: str, key: str, region: str | None = None) -> str:
    """The URI of an object as we write it, with the region in front if one is given."""
    return S3Address(bucket, key, region).uri


def _decoded(path: str) -> str:
    """The key in the path of a URL; half of a character stays as it is and makes the key impossible."""
    return unquote(path, errors="surrogateescape")


def _possible(key: str) -> bool:
    """Whether a key can be sent to S3 and recorded: UTF-8, without NUL."""
    return "\0" not in key and not any("\ud800" <= character <= "\udfff" for character in key)
