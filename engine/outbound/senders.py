"""Sending requests to the engine as others do: a message into a queue, or a POST that waits for the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_sqs import SQSClient

from policies.outcome import IngestError
from policies.reasons import QUEUE_AWAY
from policies.request import IngestRequest

BATCH = 10
LONGEST_PAUSE = 30.0


def message_of(request: IngestRequest) -> str:
    """The DLCS form of a request: everything else is in the database."""
    asset = request.asset
    body: dict[str, Any] = {"id": {"customer": asset.customer, "space": asset.space, "asset": asset.asset}}
    if request.created:
        body["created"] = request.created.isoformat()
    if request.batch:
        body["batchId"] = request.batch
    return json.dumps(body, ensure_ascii=False)


class QueueSender:
    """Puts requests into one queue, ten at a time."""

    def __init__(self, sqs: SQSClient, queue: str) -> None:
        self._sqs = sqs
        self._queue = queue
        self._url: str | None = queue if "://" in queue else None

    async def send(self, requests: Sequence[IngestRequest]) -> None:
        """Sends all, or raises what the queue said."""
        try:
            if self._url is None:
                self._url = (await self._sqs.get_queue_url(QueueName=self._queue))["QueueUrl"]
            for start in range(0, len(requests), BATCH):
                some = requests[start : start + BATCH]
                answer = await self._sqs.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(n), "MessageBody": message_of(request)} for n, request in enumerate(some)],
                )
                if failed := answer.get("Failed"):
                    raise IngestError(QUEUE_AWAY, f"{self._queue}: {failed[0].get('Message')} ({len(failed)} messages)")
        except (ClientError, BotoCoreError) as error:
            raise IngestError(QUEUE_AWAY, f"{self._queue}: {error}") from error


@dataclass(frozen=True, slots=True)
class Told:
    """What the endpoint answered in the end."""

    status: int
    body: dict[str, Any]

    @property
    def error(self) -> str:
        """Why it failed; empty when it did not."""
        reason = self.body.get("reason") or {}
        return "" if self.status == 200 else reason.get("message") or self.body.get("detail") or f"HTTP {self.status}"


class HttpSender:
    """Posts requests to an engine, obeying its Retry-After as long as patience lasts."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str | None, *, patience: float = 600.0) -> None:
        self._http = http
        self._url = f"{base}/asset-ingest"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._patience = patience

    async def ingest(self, request: IngestRequest) -> Told:
        """One ingest, from asking to its end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while True:
            timeout = aiohttp.ClientTimeout(total=self._patience, sock_connect=5)
            body = message_of(request).encode()
            async with self._http.post(self._url, data=body, headers=self._headers, timeout=timeout) as response:
                told = Told(response.status, await response.json(content_type=None))
                pause = min(LONGEST_PAUSE, float(response.headers.get("Retry-After", "5")))
            busy = told.status == 503 and told.body.get("outcome") == "busy"
            if not busy or loop.time() + pause > until:
                return told
            await asyncio.sleep(pause)
