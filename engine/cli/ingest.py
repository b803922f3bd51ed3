"""`sluice ingest`: addresses, files and folders handed in as the API would, and followed to the end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from engine.cli.environment import settings_with
from engine.cli.handover import Handover
from engine.cli.opened import CommandDatabase, opened_aws, opened_database
from engine.cli.output import console, progress, show, show_json
from engine.cli.results import Board, Result, as_table, check_report, write_report
from engine.cli.sources import Original, originals
from engine.cli.stop import Failed, Misused
from engine.cli.submission import Submission, Wishes
from engine.db.submissions import BatchState
from engine.outbound.bucket import Bucket
from engine.outbound.senders import QueueSender
from engine.settings import DATABASE
from images.iiif_size import SizeError, parse_size

SHOWN = 50
"""Results that are printed at the end; the report has all."""


async def ingest(
    sources: Annotated[list[str], typer.Argument(metavar="URL|FILE|DIR …", help="What to ingest.")],
    customer: Annotated[int, typer.Option("--customer", "-c", help="Whose assets they are.")] = 1,
    space: Annotated[int, typer.Option("--space", "-s", help="The space they go to.")] = 1,
    policy: Annotated[str | None, typer.Option(help="Image policy: fastest, lossless, … or the customer's.")] = None,
    thumbs: Annotated[str | None, typer.Option(help="Thumbnail sizes, or the name of a thumbs policy.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Delivery channels. [default: iiif-img, thumbs]")] = None,
    roles: Annotated[str | None, typer.Option(help="Roles that may see them, separated by commas.")] = None,
    max_unauthorised: Annotated[int | None, typer.Option(help="The longest edge anybody may see.")] = None,
    batch: Annotated[bool, typer.Option(help="Make a batch of them.")] = True,
    resume: Annotated[int | None, typer.Option(metavar="BATCH", help="Go on with this interrupted batch.")] = None,
    priority: Annotated[bool, typer.Option("--priority", help="Through the priority queue.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Through the engine's endpoint, not the queue.")] = False,
    follow: Annotated[bool, typer.Option(help="Wait for the end of all.")] = True,
    report: Annotated[Path | None, typer.Option(help="Write how each ended: .csv or .json.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ingest addresses, files and folders, and follow them to the end.

    Makes the asset rows and a batch, uploads local files to the origin bucket, and sends messages. Interrupted, it
    says how to go on; what was sent goes on by itself, and nothing is done twice.

    Examples:
      sluice ingest https://example.org/page-1.tif --customer 99 --space 5
      sluice ingest scans/ -c 99 -s 5 --policy fastest --thumbs '!400,400'
      sluice ingest scans/ -c 99 -s 5 --report scans.csv
      sluice ingest scans/ -c 99 -s 5 --resume 7
      sluice ingest page.jpg --now
    """
    check_report(report)
    found = originals(sources, customer, space)
    needed = [*DATABASE, *(["ENGINE_ORIGIN_BUCKET"] if any(one.path for one in found) else [])]
    if not now:
        needed.append("ENGINE_PRIORITY_QUEUE" if priority else "ENGINE_IMAGE_QUEUE")
    settings = settings_with(*needed)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened_database(settings))
        aws = await stack.enter_async_context(opened_aws(settings))
        wishes = Wishes(
            channels=tuple(channel) if channel else Wishes().channels,
            image_policy=policy,
            thumbs_policy=await _thumbs(database, customer, thumbs),
            max_unauthorised=max_unauthorised,
            roles=tuple(role.strip() for role in roles.split(",")) if roles else None,
        )
        opened = await _batch(database, resume, customer, found) if batch or resume is not None else None
        created = opened.submitted if opened else datetime.now(UTC)
        submission = Submission(database, Bucket(aws.s3, settings.buckets.origin), wishes, created, opened)
        handover = Handover(database, submission, found, opened)
        bar = progress()
        board = Board(bar, len(found))
        with Live(board, console=bar.console, transient=True, auto_refresh=not bar.disable), _farewell(opened):
            requests = await handover.make_rows(board)
            if opened and not await database.recount(opened.id):
                opened = None
            if now:
                await handover.ask([*requests.fresh, *requests.again], settings, board)
                await handover.follow(requests.settled, board)
            else:
                queue = settings.queues.priority if priority else settings.queues.image
                await handover.send(requests, QueueSender(aws.sqs, queue), priority=priority)
                if follow:
                    await handover.follow(requests.every, board)
    if report is not None:
        write_report(report, board.results)
    if json:
        show_json({"batch": opened.id if opened else None, "assets": board.results})
    else:
        _conclude(board.results, opened, len(found))
    if failed := [one for one in board.results if one.error]:
        has_runs = any(one.run for one in failed)
        remedy = "`sluice runs --failed` says why; `sluice retry` tries again." if has_runs else "The table says why."
        raise Failed(f"{len(failed)} of {len(found)} failed", "" if json else remedy)


@contextmanager
def _farewell(batch: BatchState | None) -> Iterator[None]:
    """Says, when interrupted, how to go on."""
    try:
        yield
    except asyncio.CancelledError:
        if batch:
            text = (
                f"What was sent of batch {batch.id} goes on by itself. "
                f"To send the rest and follow it, repeat the command with --resume {batch.id}"
            )
            console(sys.stderr).print(f"\n{text}")
        raise


def _conclude(results: Sequence[Result], batch: BatchState | None, count: int) -> None:
    name = f"batch {batch.id}: " if batch else ""
    if not results:
        show(f"{name}{count} sent")
        return
    show(as_table(results[:SHOWN]))
    failed = sum(1 for one in results if one.error)
    more = f" ({len(results) - SHOWN} more than shown)" if len(results) > SHOWN else ""
    show(f"{name}{len(results) - failed} ingested, {failed} failed{more}")


async def _batch(database: CommandDatabase, resume: int | None, customer: int, found: Sequence[Original]) -> BatchState:
    """A new batch; or the one to go on with, if these can be its assets."""
    if resume is None:
        return await database.open_batch(customer, len(found))
    batch = await database.batch(resume)
    if batch is None:
        raise Misused(f"there is no batch {resume}", "`sluice runs` shows the batches of late.")
    held, named = set(await database.held(resume)), {one.asset for one in found}
    if batch.customer != customer or held - named:
        missing = len(held - named)
        says = f"batch {resume} is of customer {batch.customer}, and {missing} of its assets are not named here"
        raise Misused(says, "Repeat the command as it was, with --resume added.")
    if batch.finished and named - held:
        says = f"batch {resume} is finished, and {len(named - held)} of these are not in it"
        raise Misused(says, "Ingest those by themselves, without --resume.")
    return batch


async def _thumbs(database: CommandDatabase, customer: int, thumbs: str | None) -> str | None:
    """The policy that the option means: sizes are made one, a name is taken as it is."""
    if thumbs is None:
        return None
    words = thumbs.split()
    try:
        for word in words:
            parse_size(word)
    except SizeError as error:
        if len(words) == 1 and not any(character in thumbs for character in "!^,:"):
            return thumbs
        raise Misused(str(error)) from error
    return await database.thumbs_policy(customer, words)
