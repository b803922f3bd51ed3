"""The queue's consumer against a real SQS protocol, with a scripted ingest behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from types_aiobotocore_sqs import SQSClient

from engine.aws import AwsSettings, open_aws
from engine.db.port import Source
from engine.dependencies import Dependencies
from engine.inbound.messages import Messages, open_messages
from engine.inbound.queue import QueueConsumer, QueueSettings
from engine.order import Order
from engine.slots import Slots, SlotSettings
from local.aws import Aws
from policies.outcome import Busy, Ingested, IngestError, Outcome, Retry, Stored
from policies.reasons import ORIGIN_UNREACHABLE, PROCESSOR_AWAY
from policies.settle import Settlement, settle
from tests.resources import Queues

DONE = Ingested(Stored(None, None, None, 0, 0, None))
AWAY = Busy(PROCESSOR_AWAY.of("refused"))
PASSING = Retry(ORIGIN_UNREACHABLE.of("reset"))


class ScriptedIngest:
    """Notes every order and ends it as it was told to; `running` and `held` show what goes on."""

    def __init__(self, outcome: Callable[[Order], Outcome] = lambda _: DONE) -> None:
        self.outcome = outcome
        self.orders: list[Order] = []
        self.running = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed = asyncio.Condition()

    async def __call__(self, order: Order) -> Settlement:
        self.orders.append(order)
        self.running += 1
        self.most = max(self.most, self.running)
        await self._tell()
        await self.gate.wait()
        self.running -= 1
        await self._tell()
        return settle(self.outcome(order), 1, 5, datetime.now(UTC), 0.0, last_receive=order.last_receive)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(done)

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@pytest.fixture
async def sqs(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SQSClient]:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    async with open_aws(AwsSettings(region=aws.environment["AWS_REGION"], path_style=True)) as opened:
        yield opened.sqs


@pytest.fixture
async def images(sqs: SQSClient, queues: Queues) -> Messages:
    return await open_messages(sqs, queues.images, invisible_seconds=30)


def body(asset: str = "page-1") -> str:
    return json.dumps({"id": f"99/1/{asset}", "created": "2026-11-20T10:00:00Z"})


@asynccontextmanager
async def consuming(
    messages: Messages,
    ingest: Callable[[Order], Awaitable[Settlement]],
    *,
    slots: Slots | None = None,
    dependencies: Dependencies | None = None,
    source: Source = Source.DEFAULT,
) -> AsyncIterator[QueueConsumer]:
    consumer = QueueConsumer(
        messages,
        slots or Slots(SlotSettings(slots=4, priority=1)),
        dependencies or Dependencies({}),
        ingest,
        QueueSettings(source, poll_seconds=1),
    )
    task = asyncio.create_task(consumer.consume())
    try:
        yield consumer
    finally:
        consumer.stop()
        await asyncio.wait_for(task, 20)


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """The emulator's counts lag a little behind what it was told."""
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110  SQS tells nobody when its counts change
            await asyncio.sleep(0.05)


def empty(messages: Messages) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        depth = await messages.depth()
        return depth.visible == depth.in_flight == depth.delayed == 0

    return check


async def test_every_message_is_ingested_once_and_deleted(sqs: SQSClient, images: Messages) -> None:
    ingest = ScriptedIngest()
    for number in range(25):
        await sqs.send_message(QueueUrl=images.url, MessageBody=body(f"page-{number}"))
    async with consuming(images, ingest):
        await ingest.until(lambda: len(ingest.orders) == 25 and not ingest.running)
        await eventually(empty(images))
    assert {str(order.request.asset) for order in ingest.orders} == {f"99/1/page-{number}" for number in range(25)}
    assert ingest.most <= 3  # of four slots one is kept for priority


async def test_nothing_is_received_that_cannot_start(sqs: SQSClient, images: Messages) -> None:
    ingest = ScriptedIngest()
    ingest.gate.clear()
    for number in range(8):
        await sqs.send_message(QueueUrl=images.url, MessageBody=body(f"page-{number}"))
    async with consuming(images, ingest, slots=Slots(SlotSettings(slots=3, priority=1))):
        await ingest.until(lambda: ingest.running == 2)
        depth = await images.depth()
        assert (depth.visible, depth.in_flight) == (6, 2)
        ingest.gate.set()
        await ingest.until(lambda: len(ingest.orders) == 8)


async def test_an_unreadable_message_ends_in_the_dead_letter_queue_and_the_others_go_on(
    sqs: SQSClient, images: Messages, queues: Queues
) -> None:
    ingest = ScriptedIngest()
    await sqs.send_message(QueueUrl=images.url, MessageBody="{ not json")
    await sqs.send_message(QueueUrl=images.url, MessageBody=body())
    async with consuming(images, ingest):
        await ingest.until(lambda: len(ingest.orders) == 1)
        await eventually(empty(images))
    dead = await sqs.receive_message(QueueUrl=f"{queues.images}-dead", WaitTimeSeconds=5)
    assert [message["Body"] for message in dead["Messages"]] == ["{ not json"]


async def test_a_message_that_failed_comes_again_later_not_at_once(sqs: SQSClient, images: Messages) -> None:
    ingest = ScriptedIngest(lambda _: PASSING)
    await sqs.send_message(QueueUrl=images.url, MessageBody=body())
    async with consuming(images, ingest):
        await ingest.until(lambda: len(ingest.orders) == 1 and not ingest.running)

        async def hidden() -> bool:
            return (await images.depth()).in_flight == 1

        await eventually(hidden)
    assert len(ingest.orders) == 1


async def received_so_often(messages: Messages, times: int) -> None:
    """A message comes and goes, as when its engine dies."""
    for _ in range(times):
        (received,) = await messages.receive(1, 5)
        await messages.delay(received, 0)


async def test_on_its_last_receive_a_message_is_replaced_before_the_work_under_the_same_key(
    sqs: SQSClient, queues: Queues
) -> None:
    """Whoever dies in the work could not do it any more."""
    ingest = ScriptedIngest()
    messages = await open_messages(sqs, queues.priority, invisible_seconds=30)
    message = json.dumps({"id": "99/1/page-1"})  # no `created`: its key is its message id
    sent = await sqs.send_message(QueueUrl=messages.url, MessageBody=message)
    await received_so_often(messages, 4)  # of the five receives that the queue allows
    async with consuming(messages, ingest, source=Source.PRIORITY):
        await ingest.until(lambda: len(ingest.orders) == 1 and not ingest.running)
        await eventually(empty(messages))
    (order,) = ingest.orders
    assert (order.key, order.body, order.last_receive) == (f"message/{sent['MessageId']}", message, False)
    assert (await sqs.receive_message(QueueUrl=f"{queues.priority}-dead")).get("Messages", []) == []


def once(aws: Aws) -> str:
    """A queue that gives every message up that comes a second time."""
    return aws.make_queue(f"once-{uuid4().hex[:12]}", receives=1)


async def test_where_every_receive_is_the_last_a_busy_message_is_sent_again(sqs: SQSClient, aws: Aws) -> None:
    ingest = ScriptedIngest(lambda _: AWAY)
    messages = await open_messages(sqs, once(aws), invisible_seconds=30)
    await sqs.send_message(QueueUrl=messages.url, MessageBody=body())
    async with consuming(messages, ingest):
        await ingest.until(lambda: len(ingest.orders) == 1 and not ingest.running)
        assert ingest.orders[0].last_receive

        async def sent_again() -> bool:
            depth = await messages.depth()
            return depth.in_flight == 0 and depth.delayed + depth.visible == 1

        await eventually(sent_again)
    async with asyncio.timeout(60):
        while not (again := await messages.receive(1, 5)):
            pass
    assert (again[0].key, again[0].body) == (ingest.orders[0].key, body())


async def test_what_arrives_while_stopping_is_not_lost_where_every_receive_is_the_last(
    sqs: SQSClient, aws: Aws
) -> None:
    ingest = ScriptedIngest()
    slots = Slots(SlotSettings(slots=2, priority=1))
    messages = await open_messages(sqs, once(aws), invisible_seconds=30)

    async def polling() -> bool:
        return slots.busy > 0

    async with consuming(messages, ingest, slots=slots) as consumer:
        await eventually(polling)
        consumer.stop()
        await sqs.send_message(QueueUrl=messages.url, MessageBody=body())
    (again,) = await messages.receive(1, 5)
    assert (again.body, ingest.orders) == (body(), [])


async def test_receiving_pauses_while_a_part_is_away_and_goes_on_when_it_is_back(
    sqs: SQSClient, images: Messages
) -> None:
    there = asyncio.Event()
    probed = asyncio.Event()

    async def probe() -> None:
        probed.set()
        if not there.is_set():
            raise IngestError(PROCESSOR_AWAY, "refused")

    dependencies = Dependencies({PROCESSOR_AWAY: probe}, first_pause=0.02)
    watching = asyncio.create_task(dependencies.watch())
    ingest = ScriptedIngest(lambda order: DONE if there.is_set() else AWAY)
    await sqs.send_message(QueueUrl=images.url, MessageBody=body("first"))
    async with consuming(images, ingest, slots=Slots(SlotSettings(slots=1, priority=0)), dependencies=dependencies):
        await ingest.until(lambda: len(ingest.orders) == 1 and not ingest.running)
        await asyncio.wait_for(probed.wait(), 10)
        await sqs.send_message(QueueUrl=images.url, MessageBody=body("second"))
        probed.clear()
        await asyncio.wait_for(probed.wait(), 10)
        assert len(ingest.orders) == 1
        there.set()
        await ingest.until(lambda: len(ingest.orders) == 2)
    watching.cancel()


async def test_stopping_lets_running_ingests_end_and_hands_nothing_new_out(sqs: SQSClient, images: Messages) -> None:
    ingest = ScriptedIngest()
    ingest.gate.clear()
    slots = Slots(SlotSettings(slots=2, priority=0))
    for number in range(2):
        await sqs.send_message(QueueUrl=images.url, MessageBody=body(f"page-{number}"))
    async with consuming(images, ingest, slots=slots) as consumer:
        await ingest.until(lambda: ingest.running == 2)
        consumer.stop()
        await sqs.send_message(QueueUrl=images.url, MessageBody=body("late"))
        ingest.gate.set()
    assert len(ingest.orders) == 2
    assert slots.busy == 0
    assert (await images.depth()).visible == 1


async def test_a_message_that_is_worked_on_stays_invisible_by_the_hearts_beats(sqs: SQSClient, queues: Queues) -> None:
    messages = await open_messages(sqs, queues.images, invisible_seconds=2)
    await sqs.send_message(QueueUrl=messages.url, MessageBody=body())
    (message,) = await messages.receive(1, 5)
    loop = asyncio.get_running_loop()
    with messages.kept(message):
        until = loop.time() + 4
        while loop.time() < until:
            await messages.keep_all()
            assert await messages.receive(1, 1) == []
    assert [again.id for again in await messages.receive(1, 10)] == [message.id]


async def test_a_handle_that_the_queue_has_forgotten_is_nobodys_error(sqs: SQSClient, images: Messages) -> None:
    await sqs.send_message(QueueUrl=images.url, MessageBody=body())
    (message,) = await images.receive(1, 5)
    await images.delete(message)
    await images.delete(message)
    await images.delay(message, 5)


async def test_a_queue_that_does_not_exist_is_named(sqs: SQSClient) -> None:
    with pytest.raises(IngestError, match="no-such-queue"):
        await open_messages(sqs, "no-such-queue", invisible_seconds=30)
