"""One dead-letter queue: its messages looked at, moved back, or deleted. For people; the engine never reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_sqs import SQSClient
from types_aiobotocore_sqs.type_defs import MessageTypeDef

from engine.inbound.redrive import read_redrive
from policies.outcome import IngestError, Unreadable
from policies.reasons import QUEUE_AWAY
from policies.redact import redact
from policies.request import read_request

LOOK_SECONDS = 30
"""How long a message that is being looked at stays hidden, if nobody puts it back before."""
BATCH = 10


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message, and why it is here as far as can be told."""

    id: str
    body: str
    why: str
    receives: int
    sent: datetime

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "id": self.id,
            "body": self.body,
            "why": self.why,
            "receives": self.receives,
            "sent": self.sent.isoformat(),
        }


class DeadLetters:
    """The dead letters of one queue."""

    def __init__(self, sqs: SQSClient, url: str, home: str) -> None:
        self._sqs = sqs
        self._url = url
        self._home = home  # the URL of the queue that they came from

    async def count(self) -> int:
        """About how many there are."""
        with_names = await self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(with_names["Attributes"].get("ApproximateNumberOfMessages", 0))

    async def peek(self, most: int) -> list[DeadLetter]:
        """Some of them; they stay."""
        letters: dict[str, DeadLetter] = {}
        async with self._held() as held:
            while len(letters) < most and (page := await self._receive()):
                held.extend(page)
                letters |= {message["MessageId"]: _letter(message) for message in page}
        return list(letters.values())[:most]

    async def redrive(self, most: int) -> AsyncIterator[int]:
        """Sends so many back where they came from, each before it is deleted here; how many, page by page.

        Bounded, for a message that nobody can read is soon here again.
        """
        while most > 0 and (page := await self._receive()):
            most -= len(page)
            for message in page:
                await self._sqs.send_message(
                    QueueUrl=self._home,
                    MessageBody=message["Body"],
                    MessageAttributes=message.get("MessageAttributes", {}),
                )
                await self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            yield len(page)

    async def purge(self) -> AsyncIterator[int]:
        """Deletes each; how many, page by page."""
        while page := await self._receive():
            for message in page:
                await self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            yield len(page)

    async def _receive(self) -> list[MessageTypeDef]:
        answer = await self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=0,
            VisibilityTimeout=LOOK_SECONDS,
            AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[list[MessageTypeDef]]:
        """Messages that are visible to all again at the end."""
        held: list[MessageTypeDef] = []
        try:
            yield held
        finally:
            for message in held:
                await self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )


async def find_dead_letters(sqs: SQSClient, queue: str) -> DeadLetters | None:
    """The dead letters of a queue named by its name or URL; None when it has no queue for them."""
    try:
        url = queue if "://" in queue else (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
        attributes = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    except (ClientError, BotoCoreError) as error:
        raise IngestError(QUEUE_AWAY, f"{queue}: {error}") from error
    redrive = read_redrive(attributes.get("Attributes", {}).get("RedrivePolicy"))
    return None if redrive is None else DeadLetters(sqs, f"{url.rsplit('/', 1)[0]}/{redrive.dead_letter_queue}", url)


def _letter(message: MessageTypeDef) -> DeadLetter:
    attributes = message.get("Attributes", {})
    receives = int(attributes.get("ApproximateReceiveCount", "1"))
    read = read_request(message["Body"])
    if isinstance(read, Unreadable):
        why = str(read.reason)
    else:
        why = f"readable ({read.asset}), but it came too often: `sluice runs --asset {read.asset}` tells"
    sent = datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)
    return DeadLetter(message["MessageId"], redact(message["Body"]), why, receives, sent)
