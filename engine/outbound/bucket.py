"""One bucket in S3: bytes and files in, copies within S3, listings, deletions. Knows no keys of its own.

Every write first asks its guard, so that a run whose claim has gone stops writing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_s3 import S3Client

from engine.lease import Guard
from engine.outbound.upload import upload
from policies.outcome import IngestError
from policies.reasons import STAGED_COPY_GONE, STORAGE_AWAY, STORAGE_DENIED

COPY_LIMIT = 5 * 1024**3
"""The largest object that S3 copies in one request."""
DELETE_AT_ONCE = 1000
FIRST_REGION = "us-east-1"
"""What S3 means when it names no region."""


def unguarded() -> None:
    """The guard of writers that hold no claim."""


class Bucket:
    """One bucket; `under` gives the same bucket with a guard and the metadata of a run."""

    def __init__(
        self,
        s3: S3Client,
        name: str,
        *,
        guard: Guard = unguarded,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._s3 = s3
        self.name = name
        self._guard = guard
        self._metadata = dict(metadata or {})

    def under(self, guard: Guard, metadata: Mapping[str, str]) -> Bucket:
        """This bucket as one run writes to it."""
        return Bucket(self._s3, self.name, guard=guard, metadata=metadata)

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Uploads a file, in parts when it is large, holding a few parts in memory at most."""
        self._guard()
        with self._translated(key):
            await upload(
                self._s3, self.name, key, path, content_type=content_type, metadata=self._metadata, guard=self._guard
            )

    async def put_bytes(self, key: str, body: bytes, content_type: str) -> None:
        """Stores a small object."""
        self._guard()
        with self._translated(key):
            await self._s3.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type, Metadata=self._metadata
            )

    async def get_bytes(self, key: str) -> bytes:
        """A small object, as it was stored."""
        with self._translated(key):
            return await (await self._s3.get_object(Bucket=self.name, Key=key))["Body"].read()

    async def copy_from(self, bucket: str, source: str, key: str, content_type: str) -> None:
        """Copies an object of at most COPY_LIMIT to a key of this bucket, inside S3."""
        self._guard()
        with self._translated(key):
            await self._s3.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource={"Bucket": bucket, "Key": source},
                ContentType=content_type,
                Metadata=self._metadata,
                MetadataDirective="REPLACE",
            )

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Every key under a prefix, page by page."""
        with self._translated(prefix):
            async for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield entry["Key"]

    async def run_of(self, key: str) -> str | None:
        """Which run stored an object: its metadata; None when nothing is there or nobody said."""
        with self._translated(key):
            try:
                head = await self._s3.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if _status(error) == 404:
                    return None
                raise
            return head["Metadata"].get("run")

    async def delete(self, keys: Sequence[str]) -> None:
        """Deletes objects; those that are gone already count as deleted."""
        for start in range(0, len(keys), DELETE_AT_ONCE):
            self._guard()
            chunk = keys[start : start + DELETE_AT_ONCE]
            with self._translated(chunk[0]):
                answer = await self._s3.delete_objects(
                    Bucket=self.name, Delete={"Objects": [{"Key": key} for key in chunk], "Quiet": True}
                )
            if failed := answer.get("Errors"):
                first = failed[0]
                raise IngestError(
                    STORAGE_DENIED,
                    f"s3://{self.name}/{first.get('Key')} could not be deleted: {first.get('Message')}"
                    f" ({len(failed)} of {len(chunk)} objects)",
                )

    async def region(self) -> str | None:
        """Where it lies; None when S3 will not tell us."""
        try:
            located = await self._s3.get_bucket_location(Bucket=self.name)
        except (ClientError, BotoCoreError):
            return None
        region: str | None = located.get("LocationConstraint")
        return region or FIRST_REGION

    async def reachable(self) -> None:
        """Raises when the bucket does not answer, or does not let us in."""
        with self._translated(""):
            await self._s3.head_bucket(Bucket=self.name)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        address = f"s3://{self.name}/{key}"
        try:
            yield
        except ClientError as error:
            said = f"{error.response['Error'].get('Code')}: {error.response['Error'].get('Message')}"
            if error.response["Error"].get("Code") == "NoSuchKey":
                raise IngestError(STAGED_COPY_GONE, f"the source of {address} is gone: {said}") from error
            denied = _status(error) in {301, 400, 401, 403, 404}
            kind = STORAGE_DENIED if denied else STORAGE_AWAY
            raise IngestError(kind, f"{address}: S3 answered {said}") from error
        except (BotoCoreError, OSError) as error:
            raise IngestError(STORAGE_AWAY, f"{address}: {error}") from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
