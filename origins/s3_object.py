"""One object in S3 as an origin: which one it is, and what S3 says of it before a byte is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import ClientError
from types_aiobotocore_s3 import S3Client

from origins.integrity import Checksum, expected_checksums
from origins.s3_errors import translated
from policies.outcome import IngestError
from policies.plan import Place
from policies.reasons import ORIGIN_ADDRESS_UNUSABLE
from policies.s3_address import read_s3

VERSION = re.compile(r"(?s)(?P<key>.+)\?versionId=(?P<version>[A-Za-z0-9._-]+)")
TELLING = frozenset({301, 400, 403, 404, 405})
"""Statuses that HEAD answers without saying why."""


@dataclass(frozen=True, slots=True)
class S3Object:
    """A bucket and a key, perhaps one version of it."""

    bucket: str
    key: str
    version: str | None = None
    region: str | None = None

    @property
    def address(self) -> str:
        """For people."""
        return f"s3://{self.bucket}/{self.key}" + (f"?versionId={self.version}" if self.version else "")

    @property
    def named(self) -> dict[str, Any]:
        """The parameters of a request that name it."""
        version = {"VersionId": self.version} if self.version else {}
        return {"Bucket": self.bucket, "Key": self.key, **version}

    def range(self, first: int, end: int, facts: ObjectFacts) -> dict[str, Any]:
        """The parameters of a request for a part of exactly the object that the facts describe."""
        match = {"IfMatch": facts.etag} if facts.etag else {}
        return {**self.named, **match, "Range": f"bytes={first}-{end - 1}"}


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What S3 says of an object."""

    bytes: int
    etag: str | None
    media_type: str | None
    last_modified: str | None
    checksums: tuple[Checksum, ...] = ()


def object_of(place: Place) -> S3Object:
    """The object that a place names; a version is named by `?versionId=` at the end."""
    address = place.s3 or read_s3(place.uri)
    if not address:
        raise IngestError(ORIGIN_ADDRESS_UNUSABLE, f"{place.uri[:300]} is no address of an object in S3")
    if place.uri.lower().startswith("s3:"):
        match = VERSION.fullmatch(address.key)
        key, version = (match["key"], match["version"]) if match else (address.key, None)
    else:
        versions = parse_qs(urlsplit(place.uri).query).get("versionId")
        key, version = address.key, versions[0] if versions else None
    return S3Object(address.bucket, key, version, address.region)


async def look(s3: S3Client, origin: S3Object) -> ObjectFacts:
    """What S3 says of the object; where HEAD is refused without a word, GET is asked for its reason."""
    with translated(origin.address):
        try:
            head = await s3.head_object(**origin.named, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in TELLING:
                answer = await s3.get_object(**origin.named, Range="bytes=0-0")
                answer["Body"].close()
            raise
    headers = head["ResponseMetadata"]["HTTPHeaders"]
    whole = headers.get("x-amz-checksum-type", "FULL_OBJECT") == "FULL_OBJECT"
    return ObjectFacts(
        bytes=head["ContentLength"],
        etag=head.get("ETag"),
        media_type=head.get("ContentType"),
        last_modified=head["LastModified"].isoformat(),
        checksums=expected_checksums(headers) if whole else (),
    )
