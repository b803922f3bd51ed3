"""One chaos run: hand the batches in, hurt the system as scheduled, wait until it has settled, judge."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.cast import Member, make_cast
from tests.chaos.schedule import Fault, Planned, schedule
from tests.chaos.verdict import Verdict, judge
from tests.chaos.world import World, pid_of
from tests.integration.db_rows import Rows

LOOK = 0.25
POISON_TRIES = 20
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a run is."""

    seed: int
    assets: int
    batches: int
    engines: int
    faults: int
    seconds: float  # over which the faults are spread
    poison: int = 2
    flaky: bool = True
    patience: float = 1200.0  # seconds after the last fault until everything must have settled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, for whoever watches."""

    finished: int
    faults: int
    running: int


async def run(plan: Plan, folder: Path, tell: Callable[[Progress], None] = lambda _: None) -> Verdict:
    """The whole of it."""
    cast = make_cast(plan.seed, plan.assets, plan.batches, poison=plan.poison, flaky=plan.flaky)
    faults = schedule(plan.seed, plan.faults, plan.seconds)
    async with World.made(folder, plan.engines, cast) as world:
        bodies, batches = await hand_in(world, cast, plan.batches)
        for body in bodies.values():
            await asyncio.to_thread(world.send, body)
        hurting = asyncio.create_task(hurt(world, faults, list(bodies.values())))
        poisoning = asyncio.create_task(poison(world))
        try:
            await until_settled(world, plan, hurting, tell)
        finally:
            hurting.cancel()
            poisoning.cancel()
        return await judge(world, cast, batches)


async def hand_in(world: World, cast: tuple[Member, ...], count: int) -> tuple[dict[Member, str], Mapping[int, int]]:
    """Rows as the API makes them; the messages, and the database's number of each batch."""
    connection = await asyncpg.connect(world.database_url)
    rows = Rows(connection)
    bodies: dict[Member, str] = {}
    batches: dict[int, int] = {}
    for number in range(count):
        members = [member for member in cast if member.batch == number]
        for member in members:
            await rows.asset(member.asset, origin=f"{world.origins.url}/{member.file}", channels=member.channels)
        batches[number] = await rows.batch(*(member.asset for member in members), customer=members[0].asset.customer)
        for member in members:
            message = {"id": str(member.asset), "created": "2026-11-20T10:00:00Z", "batchId": batches[number]}
            bodies[member] = json.dumps(message)
            await rows.connection.execute(
                """INSERT INTO "Queues" VALUES ($1, 'default', 1)
                   ON CONFLICT ("Customer", "Name") DO UPDATE SET "Size" = "Queues"."Size" + 1""",
                member.asset.customer,
            )
    await connection.close()
    return bodies, batches


async def hurt(world: World, faults: tuple[Planned, ...], bodies: list[str]) -> int:
    """Every fault in its time; slow ones beside the others."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for done, planned in enumerate(faults):
            await asyncio.sleep(max(0.0, planned.at - (time.monotonic() - began)))
            world.revive()
            await inflict(world, planned, bodies, group)
            world.deaths["faults"] = done + 1
    return len(faults)


async def inflict(  # noqa: C901  one line for each fault
    world: World, planned: Planned, bodies: list[str], group: asyncio.TaskGroup
) -> None:
    """One fault."""
    body = bodies[planned.pick % len(bodies)]
    match planned.fault:
        case Fault.KILL_ENGINE:
            world.kill_engine(planned.pick)
        case Fault.STOP_ENGINE:
            group.create_task(world.stop_engine(planned.pick))
        case Fault.KILL_PROCESSOR:
            world.kill_service("processor")
        case Fault.KILL_IMAGE_SERVER:
            world.kill_service("image-server")
        case Fault.RESTART_DATABASE:
            await world.restart_database()
        case Fault.RESTART_AWS:
            await world.restart_aws()
        case Fault.DUPLICATE:
            await asyncio.to_thread(world.send, body)
        case Fault.DELAY:
            await asyncio.to_thread(world.send, body, 1 + planned.pick % 20)
        case Fault.EXPIRE:
            await expire(world)
        case Fault.FILL_SCRATCH:
            group.create_task(world.fill_scratch())
        case Fault.CUT_UPLOADS:
            world.proxy.cuts += 1 + planned.pick % 3
        case Fault.RESET_ORIGIN:
            world.origins.resets += 1


async def expire(world: World) -> None:
    """Every claim of now has run out, as far as the database knows."""
    with suppress(*UNREACHABLE):
        connection = await asyncpg.connect(world.database_url, timeout=5)
        await connection.execute("UPDATE engine.runs SET expires = now() - interval '1 h' WHERE finished IS NULL")
        await connection.close()


async def poison(world: World) -> None:
    """Whoever fetches a poisoned origin dies while it does."""
    while True:
        member, killed = await world.origins.poisoned.get()
        for _ in range(POISON_TRIES):
            with suppress(*UNREACHABLE):
                if await kill_who_runs(world, member):
                    break
            await asyncio.sleep(LOOK)
        killed.set()


async def kill_who_runs(world: World, member: Member) -> bool:
    """Kills the engine that has claimed an asset; False when none has, or is ours."""
    connection = await asyncpg.connect(world.database_url, timeout=5)
    try:
        worker = await connection.fetchval(
            "SELECT worker FROM engine.runs WHERE asset = $1 AND finished IS NULL", str(member.asset)
        )
    finally:
        await connection.close()
    return bool(worker) and world.kill_process(pid_of(worker))


async def until_settled(world: World, plan: Plan, hurting: asyncio.Task[int], tell: Callable[[Progress], None]) -> None:
    """Until all faults have come, every asset is finished and nothing waits anywhere; bounded."""
    deadline = time.monotonic() + plan.seconds + plan.patience
    quiet = 0
    while quiet < 3:
        if time.monotonic() > deadline:
            return  # the verdict will say what is missing
        if hurting.done():
            hurting.result()
        world.revive()
        await asyncio.sleep(LOOK)
        with suppress(*UNREACHABLE):
            finished, running, waiting = await look(world)
            tell(Progress(finished, world.deaths["faults"], running))
            still = waiting or running or finished < plan.assets or not hurting.done()
            quiet = 0 if still or await asyncio.to_thread(messages_left, world) else quiet + 1


async def look(world: World) -> tuple[int, int, int]:
    """Assets finished, runs running, errands and folds waiting."""
    connection = await asyncpg.connect(world.database_url, timeout=5)
    row = await connection.fetchrow(
        """SELECT (SELECT count(*) FROM "Images" WHERE "Finished" IS NOT NULL AND NOT "Ingesting"),
                  (SELECT count(*) FROM engine.runs WHERE finished IS NULL),
                  (SELECT count(*) FROM engine.outbox) + (SELECT count(*) FROM engine.folds)"""
    )
    await connection.close()
    assert row is not None
    return row[0], row[1], row[2]


def messages_left(world: World) -> int:
    """Messages that wait or are worked on, in all queues of the engine."""
    left = 0
    for role in ("IMAGE", "PRIORITY", "FILE"):
        said = world.aws.sqs.get_queue_attributes(
            QueueUrl=world.environment[f"ENGINE_{role}_QUEUE"],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        left += sum(int(count) for count in said.values())
    return left
