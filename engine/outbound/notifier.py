"""Tells the world that a batch is finished (SNS), and the orchestrator that an asset is new. Decides neither."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import structlog
from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_sns import SNSClient

from policies.outcome import IngestError
from policies.reasons import NOTIFICATIONS_AWAY
from policies.request import AssetId

log = structlog.get_logger(__name__)

MOST_ASKED = 32
"""Requests to the orchestrator under way at once."""


class Notifier(Protocol):
    """Whoever is told about finished batches."""

    async def batch_finished(self, notification_id: str, payload: Mapping[str, Any]) -> None:
        """Tells it, or raises; called again with the same id until it does not."""


class SnsNotifier:
    """Publishes to a topic. The same batch may be told twice; its `notificationId` is always the same."""

    def __init__(self, sns: SNSClient, topic: str) -> None:
        self._sns = sns
        self._topic = topic

    async def batch_finished(self, notification_id: str, payload: Mapping[str, Any]) -> None:
        try:
            await self._sns.publish(
                TopicArn=self._topic,
                Message=json.dumps(payload, separators=(",", ":")),
                MessageAttributes={
                    "CustomerId": {"DataType": "String", "StringValue": str(payload["customer"])},
                    "notificationId": {"DataType": "String", "StringValue": notification_id},
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise IngestError(NOTIFICATIONS_AWAY, f"{self._topic}: {error}") from error


class SilentNotifier:
    """Stands where no topic is set."""

    async def batch_finished(self, notification_id: str, payload: Mapping[str, Any]) -> None:
        """Nobody wants to know."""


class Orchestrator:
    """The service in front of the image servers: asked for an info.json so that its cache is warm."""

    def __init__(self, http: aiohttp.ClientSession, url: str | None) -> None:
        self._http = http
        self._url = url
        self._asking: set[asyncio.Task[None]] = set()

    def touch_soon(self, asset: AssetId) -> None:
        """Asks for an asset beside the work; when too many are asked for already it is left out."""
        if self._url is None or len(self._asking) >= MOST_ASKED:
            return
        asking = asyncio.create_task(self._touch(f"{self._url}/iiif-img/{asset}/info.json"))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def close(self) -> None:
        """Waits for what was asked already."""
        await asyncio.gather(*self._asking)

    async def _touch(self, url: str) -> None:
        """Asks once, for at most five seconds; that it fails is worth a line and nothing more."""
        try:
            async with self._http.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
                log.debug("orchestrator asked", url=url, status=response.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("orchestrator not reached; its cache will fill by itself", url=url, error=repr(error))
