"""S3 and KMS clients of this room: ambient ones by region, opened when first needed; a customer's own for one use.

Exactly one layer retries: botocore a request that failed at once, this room a transfer that broke.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Self

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError
from types_aiobotocore_s3 import S3Client

from origins.credential_values import S3Keys
from origins.port import OriginSettings
from policies.outcome import IngestError
from policies.reasons import ORIGIN_WRONG_REGION


class AwsClients:
    """Opens clients and closes all of them in the end."""

    def __init__(self, settings: OriginSettings, session: aioboto3.Session) -> None:
        self._settings = settings
        self._session = session
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._ambient: dict[str | None, S3Client] = {}
        self._kms: Any = None
        self._config = AioConfig(
            connect_timeout=settings.connect_seconds,
            read_timeout=settings.idle_seconds,
            max_pool_connections=settings.s3_parts_at_once * 64,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra=settings.user_agent.replace(" ", "-"),
            s3={"addressing_style": "path"} if settings.s3_path_style else {},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def s3(self, keys: S3Keys | None = None, region: str | None = None) -> AsyncIterator[S3Client]:
        """A client with the customer's keys, or else with those of our surroundings."""
        if keys is None:
            yield await self.ambient(region)
            return
        async with AsyncExitStack() as stack:
            yield await self._opened(
                stack,
                region or keys.region,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
            )

    async def ambient(self, region: str | None = None) -> S3Client:
        """The shared client of a region; botocore finds credentials and, without a region, the bucket's own."""
        async with self._opening:
            if region not in self._ambient:
                self._ambient[region] = await self._opened(self._stack, region)
            return self._ambient[region]

    async def kms(self) -> Any:
        """The shared client of the key service."""
        async with self._opening:
            if self._kms is None:
                self._kms = await self._stack.enter_async_context(
                    self._session.client(
                        "kms",
                        region_name=self._settings.s3_region or self._session.region_name,
                        endpoint_url=self._settings.s3_endpoint,
                        config=self._config,
                    )
                )
            return self._kms

    async def _opened(self, stack: AsyncExitStack, region: str | None, **keys: str | None) -> S3Client:
        """A client that the stack closes; a region is a customer's word and may be none."""
        made: AbstractAsyncContextManager[S3Client] = self._session.client(
            "s3",
            region_name=region or self._settings.s3_region or self._session.region_name,
            endpoint_url=self._settings.s3_endpoint,
            config=self._config,
            **keys,
        )
        try:
            return await stack.enter_async_context(made)
        except (BotoCoreError, ValueError) as error:
            raise IngestError(ORIGIN_WRONG_REGION, f"{region!r} is no region of S3") from error
