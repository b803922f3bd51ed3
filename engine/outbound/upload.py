"""Uploads a file to S3, in parts when it is large, holding a few parts in memory whatever the file's size.

By hand, because aioboto3's own leaves its tasks and its multipart upload behind when it is cancelled, and a run that
has lost its claim is cancelled in the middle of whatever it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from types_aiobotocore_s3 import S3Client
from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

from engine.lease import Guard
from engine.side_by_side import side_by_side

PART = 16 * 1024**2
PARTS_ALLOWED = 10_000
"""S3's own limit; larger files get larger parts."""
AT_ONCE = 2


async def upload(
    s3: S3Client, bucket: str, key: str, path: Path, *, content_type: str, metadata: dict[str, str], guard: Guard
) -> None:
    """Stores the whole file under the key, or nothing at all."""
    with await asyncio.to_thread(path.open, "rb") as file:
        size = (await asyncio.to_thread(path.stat)).st_size
        if size <= PART:
            body = BytesIO(await asyncio.to_thread(file.read))
            guard()
            await s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, Metadata=metadata)
            return
        begun = await s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type, Metadata=metadata)
        upload_id = begun["UploadId"]
        try:
            parts = await _upload_parts(s3, bucket, key, upload_id, file, max(PART, -(-size // PARTS_ALLOWED)))
            guard()
            await s3.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except BaseException:
            await asyncio.shield(s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id))
            raise


async def _upload_parts(
    s3: S3Client, bucket: str, key: str, upload_id: str, file: BinaryIO, part_size: int
) -> list[CompletedPartTypeDef]:
    numbers = iter(range(1, PARTS_ALLOWED + 1))
    reading = asyncio.Lock()
    done: list[CompletedPartTypeDef] = []

    async def work(numbers: Iterator[int]) -> None:
        while True:
            async with reading:  # the file is read in order, one part at a time
                body = await asyncio.to_thread(file.read, part_size)
                number = next(numbers)
            if not body:
                return
            answer = await s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=BytesIO(body)
            )
            done.append({"ETag": answer["ETag"], "PartNumber": number})

    await side_by_side(work(numbers) for _ in range(AT_ONCE))
    return sorted(done, key=lambda part: part["PartNumber"])
