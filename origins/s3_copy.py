"""Copying an object inside S3, so that its bytes never pass through us; in parts where S3 wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from types_aiobotocore_s3 import S3Client

from origins.port import GIB, MIB
from origins.s3_errors import copying
from origins.s3_object import ObjectFacts, S3Object
from origins.side_by_side import side_by_side

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

ONE_REQUEST = 1 * GIB
"""Larger objects are copied in parts: S3 demands it above 5 GB, and below it is quicker."""
PART = 512 * MIB
"""Grows with the object: S3 takes 10,000 parts at most."""
MOST_PARTS = 10_000
AT_ONCE = 8

Guard = Callable[[], None]


class Copier:
    """Copies objects to our own buckets; asks its guard before each write, so that a stopped run stops writing."""

    def __init__(self, s3: S3Client, *, one_request: int = ONE_REQUEST, part: int = PART) -> None:
        self._s3 = s3
        self._one_request = one_request
        self._part = part

    async def copy(
        self,
        origin: S3Object,
        facts: ObjectFacts,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        guard: Guard,
    ) -> None:
        """Copies exactly the object that the facts describe."""
        match: dict[str, Any] = {"CopySourceIfMatch": facts.etag} if facts.etag else {}
        with copying(f"{origin.address} to s3://{bucket}/{key}"):
            guard()
            if facts.bytes <= self._one_request:
                await self._s3.copy_object(
                    Bucket=bucket,
                    Key=key,
                    CopySource=origin.named,  # type: ignore[arg-type]  # the same names, as a plain dict
                    ContentType=content_type,
                    Metadata=metadata,
                    MetadataDirective="REPLACE",
                    **match,
                )
                return
            upload = await self._s3.create_multipart_upload(
                Bucket=bucket, Key=key, ContentType=content_type, Metadata=metadata
            )
            whole: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}
            try:
                parts = await self._parts(origin, facts, whole, match, guard)
                guard()
                await self._s3.complete_multipart_upload(**whole, MultipartUpload={"Parts": parts})
            except BaseException:
                await asyncio.shield(self._s3.abort_multipart_upload(**whole))
                raise

    async def _parts(
        self, origin: S3Object, facts: ObjectFacts, whole: dict[str, Any], match: dict[str, Any], guard: Guard
    ) -> list[CompletedPartTypeDef]:
        size = max(self._part, -(-facts.bytes // MOST_PARTS))
        done: list[CompletedPartTypeDef] = []

        async def copy_part(start: int) -> None:
            guard()
            number, end = start // size + 1, min(start + size, facts.bytes) - 1
            answer = await self._s3.upload_part_copy(
                **whole,
                **match,
                PartNumber=number,
                CopySource=origin.named,  # type: ignore[arg-type]  # the same names, as a plain dict
                CopySourceRange=f"bytes={start}-{end}",
            )
            done.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})

        await side_by_side(copy_part, range(0, facts.bytes, size), AT_ONCE)
        return sorted(done, key=lambda part: part.get("PartNumber", 0))
