"""`sluice audit`: the database compared with the buckets."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Annotated

import typer

from engine.audit.auditor import Auditor
from engine.audit.compare import SAFE, Discrepancy
from engine.audit.listing import Listing
from engine.audit.repairs import Repairs
from engine.cli.environment import settings_with
from engine.cli.opened import opened_aws, opened_database
from engine.cli.output import counted, progress, row, show, show_json, table
from engine.cli.runs import asset_named
from engine.cli.scopes import scope_of
from engine.cli.stop import Failed, Misused
from engine.outbound.bucket import Bucket
from engine.settings import BUCKETS, DATABASE
from engine.tidy import Tidy
from policies.outcome import IngestError

SHOWN = 100


async def audit(
    asset: Annotated[str | None, typer.Argument(metavar="ASSET", help="customer/space/asset; none: all.")] = None,
    batch: Annotated[int | None, typer.Option(help="The assets of a batch.")] = None,
    space: Annotated[str | None, typer.Option(help="The assets of a space: customer/space.")] = None,
    customer: Annotated[int | None, typer.Option(help="The assets of a customer.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is safe to put right.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the database with the buckets: what is missing, stale, of another run, or counted wrong.

    With --repair, what no row needs is deleted, s.json is written as the rows have it, and counters are corrected;
    what has to be ingested again is only named (sluice retry does it). Exit code 1 when anything disagrees.

    Examples:
      sluice audit 99/1/page-1
      sluice audit --batch 7 --json
      sluice audit --space 99/1 --repair
    """
    if asset is not None and (batch, space, customer) != (None, None, None):
        raise Misused("an asset, or a batch, or a space, or a customer: not several")
    scope = scope_of(asset=asset_named(asset) if asset else None, batch=batch, space=space, customer=customer)
    settings = settings_with(*DATABASE, *BUCKETS)
    rules = settings.rules()
    found: list[Discrepancy] = []
    looked = 0
    async with opened_database(settings) as database, opened_aws(settings) as aws:
        auditor = Auditor(database, Listing(aws.s3, rules), rules)
        with progress() as bar:
            task = bar.add_task("comparing", total=await database.count_assets(scope))
            async for count, discrepancies in auditor.audit(scope):
                looked += count
                found += discrepancies
                bar.update(task, completed=looked)
        mended: set[str] = set()
        if repair and found:
            storage, thumbs = Bucket(aws.s3, rules.storage_bucket), Bucket(aws.s3, rules.thumbs_bucket)
            tidy = Tidy(database, database, storage, thumbs, rules)
            mended = await _repair(found, Repairs(database, thumbs, tidy))
    left = [one for one in found if one.about not in mended or one.repair not in SAFE]
    if json:
        show_json({"assets": looked, "discrepancies": found, "repaired": sorted(mended)})
    else:
        _print(found, looked, len(found) - len(left))
    if left:
        raise Failed(f"{len(left)} discrepancies", "" if repair else "`sluice audit --repair` puts right what is safe.")


async def _repair(found: list[Discrepancy], repairs: Repairs) -> set[str]:
    mended = set()
    ordered = sorted((one for one in found if one.repair in SAFE), key=lambda one: one.about)
    for about, group in groupby(ordered, key=lambda one: one.about):
        try:
            await repairs.repair(about, list(group))
            mended.add(about)
        except IngestError as error:
            show(f"[yellow]![/] {about}: {error.reason.message}")
    return mended


def _print(found: list[Discrepancy], looked: int, mended: int) -> None:
    if found:
        made = table("", "about", "problem", "what", "put right by")
        for one in found[:SHOWN]:
            row(made, one.about, one.problem, one.says, one.repair)
        show(made)
    counts = ", ".join(f"{count} {problem}" for problem, count in Counter(one.problem for one in found).items())
    more = f"; {len(found) - SHOWN} more than shown" if len(found) > SHOWN else ""
    repaired = f"; {mended} repaired" if mended else ""
    show(f"{counted(looked)} compared: {counts or 'everything agrees'}{more}{repaired}")
