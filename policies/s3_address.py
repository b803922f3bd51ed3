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
DOMAIN = r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
"""Of every partition: the public one and GovCloud, China, Europe's own, and the isolated ones."""


def _host(region: str) -> str:
    """The hosts of S3 itself, new and old, with IPv6, FIPS or acceleration, which are all the same to us."""
    return rf"s3(?:-fips|-accelerate|-external-1)?(?:\.dualstack)?(?:[.-]{region})?\.{DOMAIN}(?::[0-9]+)?"


HOST = _host(REGION)
IN_REGION = _host(f"(?P<region>{REGION})")

FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        rf"(?i:s3)://(?P<region>{REGION})/(?P<bucket>{BUCKET})/(?P<key>.+)",
        rf"(?i:s3)://(?P<bucket>{BUCKET})/(?P<key>.+)",
        rf"(?i:https?://{IN_REGION})/(?P<bucket>{BUCKET})/{PATH}",
        rf"(?i:https?://(?P<host>{BUCKET})\.{IN_REGION})/{PATH}",
    )
)

ACCESS_POINT = re.compile(
    r"(?i)s3://arn:|https?://(?:[^/?#]*\.)?(?:s3-accesspoint|s3-object-lambda|accesspoint\.s3-global)\."
)
ALIASES = ("-s3alias", "--ol-s3")
"""What the aliases of access points end in, and no bucket does."""


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

    @property
    def is_alias(self) -> bool:
        """Whether its bucket is none, but an access point's alias, behind which any bucket may be."""
        return self.bucket.lower().endswith(ALIASES)

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


def names_access_point(uri: str) -> bool:
    """Whether a URI names an access point, which is none of our forms: people should be told so."""
    return ACCESS_POINT.match(uri) is not None


def write_s3(bucket: str, key: str, region: str | None = None) -> str:
    """The URI of an object as we write it, with the region in front if one is given."""
    return S3Address(bucket, key, region).uri


def _decoded(path: str) -> str:
    """The key in the path of a URL; half of a character stays as it is and makes the key impossible."""
    return unquote(path, errors="surrogateescape")


def _possible(key: str) -> bool:
    """Whether a key can be sent to S3 and recorded: UTF-8, without NUL."""
    return "\0" not in key and not any("\ud800" <= character <= "\udfff" for character in key)
