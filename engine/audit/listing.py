"""What the buckets hold of an asset, a space, a customer: keys, sizes, and which run stored them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_s3 import S3Client

from engine.audit.compare import Place, Seen
from policies.facts import Rules
from policies.keys import TRANSIENT, derivative_key, sizes_key
from policies.outcome import IngestError
from policies.reasons import STORAGE_AWAY
from policies.request import AssetId, parse_asset_id

MOST_SIZES = 1024 * 1024


class Listing:
    """The storage and thumbs buckets, read."""

    def __init__(self, s3: S3Client, rules: Rules) -> None:
        self._s3 = s3
        self._buckets = (rules.storage_bucket, rules.thumbs_bucket)

    async def objects(self, asset: AssetId) -> dict[Place, Seen]:
        """Everything under an asset's keys."""
        found: dict[Place, Seen] = {}
        derivative = (self._buckets[0], derivative_key(asset))
        head = await self._head(derivative)
        if head is not None:
            found[derivative] = head
        for bucket in self._buckets:
            async for key, size in self._keys(bucket, f"{asset}/"):
                found[bucket, key] = Seen(size)
        return found

    async def with_runs(self, seen: Mapping[Place, Seen], wanted: Collection[Place]) -> dict[Place, Seen]:
        """The same objects; of the wanted ones it is known which run stored them. Others' objects are asked too."""
        asked = {place: head for place in wanted if (head := await self._head(place)) is not None}
        return {**seen, **asked}

    async def sizes(self, asset: AssetId) -> str | None:
        """The asset's s.json, as it is stored."""
        try:
            answer = await self._s3.get_object(
                Bucket=self._buckets[1], Key=sizes_key(asset), Range=f"bytes=0-{MOST_SIZES}"
            )
            return (await answer["Body"].read()).decode("utf-8", "replace")
        except ClientError as error:
            if _status(error) in {404, 416}:
                return None
            raise IngestError(STORAGE_AWAY, f"s3://{self._buckets[1]}: {error}") from error

    async def assets(self, prefix: str) -> AsyncIterator[AssetId]:
        """Every asset that has an object under the prefix; the same one may come once for each bucket."""
        for bucket in self._buckets:
            last = ""
            async for key, _ in self._keys(bucket, prefix):
                name = "/".join(key.split("/", 3)[:3])
                if name == last or key.startswith(TRANSIENT):
                    continue
                last = name
                asset = _asset(name)
                if asset is not None:
                    yield asset

    async def staged(self) -> AsyncIterator[str]:
        """Every key under transient/."""
        async for key, _ in self._keys(self._buckets[0], TRANSIENT):
            yield key

    async def _keys(self, bucket: str, prefix: str) -> AsyncIterator[tuple[str, int]]:
        try:
            async for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield entry["Key"], entry["Size"]
        except (ClientError, BotoCoreError) as error:
            raise IngestError(STORAGE_AWAY, f"s3://{bucket}/{prefix}: {error}") from error

    async def _head(self, place: Place) -> Seen | None:
        try:
            head = await self._s3.head_object(Bucket=place[0], Key=place[1])
        except ClientError as error:
            if _status(error) == 404:
                return None
            raise IngestError(STORAGE_AWAY, f"s3://{place[0]}/{place[1]}: {error}") from error
        return Seen(head["ContentLength"], head["Metadata"].get("run"))


def _asset(name: str) -> AssetId | None:
    try:
        return parse_asset_id(name)
    except ValueError:
        return None


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
