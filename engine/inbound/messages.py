"""The messages of one SQS queue: received, kept invisible while they are worked on, deleted, delayed, sent again.

Knows SQS and nothing of ingests. A handle that SQS no longer knows belongs to a message that is settled or will
come again: either way there is nothing left for us to say about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from types_aiobotocore_sqs import SQSClient
from types_aiobotocore_sqs.type_defs import (
    BatchResultErrorEntryTypeDef,
    ChangeMessageVisibilityBatchRequestEntryTypeDef,
    DeleteMessageBatchRequestEntryTypeDef,
    MessageTypeDef,
)

from engine.inbound.batching import Batching
from engine.inbound.redrive import Redrive, read_redrive
from policies.outcome import IngestError
from policies.reasons import QUEUE_AWAY

log = structlog.get_logger(__name__)

BATCH = 10
LINGER = 0.02
"""Seconds that a settled message waits for others to be deleted with: a call costs us more than its messages do."""
LONGEST_DELAY = 900
"""Seconds; the most that SQS delays a message that is sent."""
LONGEST_INVISIBLE = 12 * 3600
GONE = {
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "AWS.SimpleQueueService.MessageNotInflight",
    "MessageNotInflight",
}
SENT_ATTRIBUTE = "sluiceKey"
"""Carries the key of a message that was sent again, so that it stays the same message to us."""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery of one message."""

    id: str
    handle: str
    body: str
    receives: int = 1
    key: str | None = None  # of a message that was sent again: the key of the first


@dataclass(frozen=True, slots=True)
class Visibility:
    """One message that is to become visible after so many seconds."""

    handle: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Depth:
    """What a queue says of itself, approximately."""

    visible: int
    in_flight: int
    delayed: int

    def __str__(self) -> str:
        return f"{self.visible} waiting, {self.in_flight} in flight, {self.delayed} delayed"


class Messages:
    """One queue's messages."""

    def __init__(self, sqs: SQSClient, url: str, *, redrive: Redrive | None, invisible_seconds: int = 180) -> None:
        self._sqs = sqs
        self.url = url
        self.name = url.rsplit("/", 1)[-1]
        self.redrive = redrive
        self._invisible = invisible_seconds
        self._held: dict[str, str] = {}  # message id to receipt handle
        self._delete = Batching(self._delete_batch, BATCH, LINGER)
        self._change = Batching(self._change_batch, BATCH)

    def is_last(self, receives: int) -> bool:
        """Whether the queue gives a message up that comes back after so many receives."""
        return self.redrive is not None and receives >= self.redrive.max_receives

    async def receive(self, most: int, wait: int) -> list[Message]:
        """At most so many messages, after waiting so many seconds for the first."""
        try:
            answer = await self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(most, BATCH),
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._invisible,
                AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=[SENT_ATTRIBUTE],
            )
        except (ClientError, BotoCoreError) as error:
            raise self._away(error) from error
        return [_message(received) for received in answer.get("Messages", [])]

    @contextmanager
    def kept(self, message: Message) -> Iterator[None]:
        """Keeps a message invisible, by the heart's beats, while the block runs."""
        self._held[message.id] = message.handle
        try:
            yield
        finally:
            self._held.pop(message.id, None)

    async def keep_all(self) -> None:
        """One beat: every message that is held stays invisible for the full time again."""
        held = [Visibility(handle, self._invisible) for handle in self._held.values()]
        for start in range(0, len(held), BATCH):
            for fate in await self._change_batch(held[start : start + BATCH]):
                if fate is not None:
                    raise fate

    async def delete(self, message: Message) -> None:
        """The message is settled."""
        self._held.pop(message.id, None)
        await self._delete(message.handle)

    async def delay(self, message: Message, seconds: float) -> None:
        """The message becomes visible again after so many seconds."""
        self._held.pop(message.id, None)
        await self._change(Visibility(message.handle, min(LONGEST_INVISIBLE, max(0, round(seconds)))))

    async def give_up(self, message: Message) -> None:
        """Nothing can be done with it: towards the dead-letter queue, or out of the way where there is none."""
        await self.delay(message, 0 if self.redrive else LONGEST_DELAY)

    async def send(self, body: str, key: str, seconds: float = 0) -> None:
        """Sends a message under a key of ours."""
        try:
            await self._sqs.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                DelaySeconds=min(LONGEST_DELAY, max(0, round(seconds))),
                MessageAttributes={SENT_ATTRIBUTE: {"DataType": "String", "StringValue": key}},
            )
        except (ClientError, BotoCoreError) as error:
            raise self._away(error) from error

    async def depth(self) -> Depth:
        """About how many messages there are."""
        try:
            answer = await self._sqs.get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        except (ClientError, BotoCoreError) as error:
            raise self._away(error) from error
        said = answer["Attributes"]
        return Depth(
            visible=int(said["ApproximateNumberOfMessages"]),
            in_flight=int(said["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(said["ApproximateNumberOfMessagesDelayed"]),
        )

    async def _delete_batch(self, handles: Sequence[str]) -> Sequence[Exception | None]:
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)
        ]
        try:
            answer = await self._sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise self._away(error) from error
        return self._fates(len(handles), answer.get("Failed", []))

    async def _change_batch(self, changes: Sequence[Visibility]) -> Sequence[Exception | None]:
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": change.handle, "VisibilityTimeout": change.seconds}
            for number, change in enumerate(changes)
        ]
        try:
            answer = await self._sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise self._away(error) from error
        return self._fates(len(changes), answer.get("Failed", []))

    def _fates(self, count: int, failed: Sequence[BatchResultErrorEntryTypeDef]) -> list[Exception | None]:
        fates: list[Exception | None] = [None] * count
        for entry in failed:
            if entry.get("Code") in GONE:
                log.debug("the queue had forgotten a message", queue=self.name, code=entry.get("Code"))
                continue
            fates[int(entry["Id"])] = IngestError(
                QUEUE_AWAY, f"{self.name}: {entry.get('Code')}: {entry.get('Message')}"
            )
        return fates

    def _away(self, error: Exception) -> IngestError:
        return IngestError(QUEUE_AWAY, f"{self.name}: {error}")


def _message(received: MessageTypeDef) -> Message:
    attributes = received.get("MessageAttributes", {})
    return Message(
        id=received["MessageId"],
        handle=received["ReceiptHandle"],
        body=received["Body"],
        receives=int(received.get("Attributes", {}).get("ApproximateReceiveCount", "1")),
        key=attributes[SENT_ATTRIBUTE].get("StringValue") if SENT_ATTRIBUTE in attributes else None,
    )


async def open_messages(sqs: SQSClient, queue: str, *, invisible_seconds: int) -> Messages:
    """The messages of a queue named by its name or its URL."""
    try:
        url = queue if "://" in queue else (await sqs.get_queue_url(QueueName=queue))["QueueUrl"]
        attributes = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    except (TimeoutError, ClientError, BotoCoreError) as error:
        raise IngestError(QUEUE_AWAY, f"{queue}: {error}") from error
    redrive = read_redrive(attributes.get("Attributes", {}).get("RedrivePolicy"))
    if redrive is None:
        log.warning("queue without a dead-letter queue: unreadable messages stay in it", queue=queue)
    return Messages(sqs, url, redrive=redrive, invisible_seconds=invisible_seconds)
