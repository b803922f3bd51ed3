"""`sluice retry`: assets that failed, handed in again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer

from engine.cli.environment import settings_with
from engine.cli.opened import opened_aws, opened_database
from engine.cli.output import counted, progress, show, show_json
from engine.cli.runs import asset_named
from engine.cli.scopes import scope_of
from engine.cli.stop import Failed, Misused
from engine.db.port import Assets, Scope, Source
from engine.outbound.senders import QueueSender
from engine.settings import DATABASE, QUEUES
from policies.request import AssetId, IngestRequest

PAGE = 500


async def retry(
    assets: Annotated[list[str] | None, typer.Argument(metavar="ASSET …", help="customer/space/asset.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only assets that carry an error.")] = False,
    batch: Annotated[int | None, typer.Option(help="Those of this batch, in its name.")] = None,
    space: Annotated[str | None, typer.Option(help="Those of a space: customer/space.")] = None,
    customer: Annotated[int | None, typer.Option(help="Those of a customer.")] = None,
    priority: Annotated[bool, typer.Option("--priority", help="Through the priority queue.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say how many there are.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try assets again: sends a new message for each, which no earlier run can make redundant.

    A finished batch counts its assets anew as they settle, and is not announced again.

    Examples:
      sluice retry --failed --batch 7
      sluice retry 99/1/page-1 --priority
      sluice retry --failed --space 99/1 --dry-run
    """
    named = [asset_named(text) for text in assets or ()]
    if not named and not failed and batch is None:
        raise Misused("which assets?", "Name them, or say --failed, or --batch.")
    scope = scope_of(batch=batch, space=space, customer=customer, failed=failed)
    settings = settings_with(*DATABASE, *QUEUES)
    queue = settings.queues.priority if priority else settings.queues.image
    source = Source.PRIORITY if priority else Source.DEFAULT
    now = datetime.now(UTC)
    sent = 0
    async with opened_database(settings) as database, opened_aws(settings) as aws:
        if strange := [str(asset) for asset in named if not (await database.asset(asset)).exists]:
            raise Failed(f"there is no asset {strange[0]}", "`sluice ingest` makes new ones.")
        sender = QueueSender(aws.sqs, queue)
        count = len(named) or await database.count_assets(scope)
        if dry:
            show_json({"assets": count}) if json else show(f"{counted(count)} would be tried again")
            return
        with progress() as bar:
            task = bar.add_task("sending", total=count)
            async for page in _pages(database, named, scope):
                await sender.send([IngestRequest(asset, now, batch) for asset in page])
                for owner, owned in groupby(page, key=lambda asset: asset.customer):
                    await database.enqueued(owner, source, len(list(owned)))
                sent += len(page)
                bar.update(task, completed=sent)
    show_json({"assets": sent, "queue": queue}) if json else show(f"{counted(sent)} sent to {queue.rsplit('/', 1)[-1]}")


async def _pages(database: Assets, named: list[AssetId], scope: Scope) -> AsyncIterator[list[AssetId]]:
    for start in range(0, len(named), PAGE):
        yield named[start : start + PAGE]
    if named:
        return
    after = ""
    while page := await database.assets(scope, after, PAGE):
        yield [state.id for state in page]
        after = str(page[-1].id)
