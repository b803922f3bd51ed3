"""`sluice queue peek|redrive|purge`: messages that nobody could read, or that came too often."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from types_aiobotocore_sqs import SQSClient

from engine.cli.environment import settings_with
from engine.cli.opened import opened_aws
from engine.cli.output import progress, row, show, show_json, table
from engine.cli.stop import Failed, Misused
from engine.inbound.dead_letters import DeadLetter, DeadLetters, find_dead_letters
from engine.settings import QUEUES, Settings


class Which(StrEnum):
    """One of the engine's queues, or all."""

    IMAGE = "image"
    PRIORITY = "priority"
    FILE = "file"
    ALL = "all"


Queue = Annotated[Which, typer.Option("--queue", help="Whose dead letters.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


async def peek(
    queue: Queue = Which.ALL,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, of each queue.")] = 20,
    json: AsJson = False,
) -> None:
    """Show what lies in the dead-letter queues, and why. The messages stay where they are.

    Examples:
      sluice queue peek
      sluice queue peek --queue priority --json
    """
    settings = settings_with(*QUEUES)
    found: list[Shown] = []
    async with opened_aws(settings) as aws:
        for name, dead in (await _chosen(aws.sqs, settings, queue)).items():
            found += [Shown(name, letter) for letter in await dead.peek(limit)]
    if json:
        show_json([{"queue": one.queue, **one.letter.as_json()} for one in found])
    elif not found:
        show("no dead letters")
    else:
        made = table("", "queue", "sent", "receives", "why", "message", right=("receives",))
        for one in found:
            letter = one.letter
            row(made, one.queue, f"{letter.sent:%d %b %H:%M:%S}", letter.receives, letter.why, letter.body[:200])
        show(made)


async def redrive(queue: Queue = Which.ALL, yes: Sure = False, json: AsJson = False) -> None:
    """Move dead letters back to the queue that they came from.

    Each is sent before it is deleted, so that none is lost; one may come twice, which the engine recognises.

    Examples:
      sluice queue redrive --queue image --yes
    """
    await _each(queue, "moved back", yes=yes, json=json)


async def purge(queue: Queue = Which.ALL, yes: Sure = False, json: AsJson = False) -> None:
    """Delete dead letters for good.

    Examples:
      sluice queue purge --queue file --yes
    """
    await _each(queue, "deleted", yes=yes, json=json)


@dataclass(frozen=True, slots=True)
class Shown:
    """A dead letter and whose it is."""

    queue: str
    letter: DeadLetter


async def _each(which: Which, done: str, *, yes: bool, json: bool) -> None:
    settings = settings_with(*QUEUES)
    counts: dict[str, int] = {}
    async with opened_aws(settings) as aws:
        chosen = await _chosen(aws.sqs, settings, which)
        depth = {name: await dead.count() for name, dead in chosen.items()}
        if not yes and any(depth.values()):
            _ask(sum(depth.values()), done)
        with progress() as bar:
            for name, dead in chosen.items():
                task = bar.add_task(name, total=depth[name])
                counts[name] = 0
                async for moved in dead.redrive(depth[name]) if done == "moved back" else dead.purge():
                    counts[name] += moved
                    bar.update(task, completed=counts[name])
    if json:
        show_json(counts)
    else:
        show(f"{sum(counts.values())} dead letters {done}")


def _ask(count: int, done: str) -> None:
    if not sys.stdin.isatty():
        raise Misused(f"about {count} dead letters would be {done}", "Say --yes.")
    if not typer.confirm(f"About {count} dead letters will be {done}. Go on?"):
        raise Failed("nothing was done")


async def _chosen(sqs: SQSClient, settings: Settings, which: Which) -> dict[str, DeadLetters]:
    names = {
        Which.IMAGE: settings.queues.image,
        Which.PRIORITY: settings.queues.priority,
        Which.FILE: settings.queues.file,
    }
    wanted = {str(key): name for key, name in names.items() if name and which in {Which.ALL, key}}
    if not wanted:
        raise Misused(f"there is no {which} queue", "ENGINE_FILE_QUEUE is not set.")
    found = {name: await find_dead_letters(sqs, queue) for name, queue in wanted.items()}
    with_dead = {name: dead for name, dead in found.items() if dead is not None}
    if not with_dead:
        raise Failed("no dead-letter queue", "Give the queues a redrive policy; `sluice doctor` says which lack one.")
    return with_dead
