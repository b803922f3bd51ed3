"""The bare loop that `bench.queue` compares with: receive ten, for each the engine's own statements, delete ten.

Claims, reads and records through the driver alone; no heart, no folds, no logs, no metrics. `BARE_LOOPS` side by side.
"""

from __future__ import annotations

import asyncio
import os

import aioboto3
import asyncpg
from types_aiobotocore_sqs import SQSClient

from bench.queue_db import numbered, parameters
from bench.queue_ground import POLL
from engine.db.claim_statements import CLAIM_UNSEEN
from engine.db.connections import SESSION
from engine.db.facts_statements import FACTS
from engine.db.record_statements import RECORD_SUCCESS
from policies.outcome import Unreadable
from policies.request import read_request


async def loop(sqs: SQSClient, queue: str, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """One of them, for ever."""
    statements = [numbered(statement) for statement in (CLAIM_UNSEEN, FACTS, RECORD_SUCCESS)]
    while True:
        answer = await sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=POLL)
        messages = answer.get("Messages", [])
        for message in messages:
            request = read_request(message["Body"])
            assert not isinstance(request, Unreadable)
            values = parameters(request)
            for text, names in statements:
                await connection.fetch(text, *(values[name] for name in names))
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)
            ]
            await sqs.delete_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type] # plain mappings


async def main() -> None:
    loops = int(os.environ["BARE_LOOPS"])
    async with aioboto3.Session().client("sqs") as sqs, asyncio.TaskGroup() as tasks:
        for _ in range(loops):
            connection = await asyncpg.connect(os.environ["ENGINE_DATABASE_URL"], server_settings=SESSION)
            tasks.create_task(loop(sqs, os.environ["ENGINE_IMAGE_QUEUE"], connection))


if __name__ == "__main__":
    asyncio.run(main())
