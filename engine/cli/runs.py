"""`sluice runs` and `sluice runs show`: what happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from engine.cli.environment import settings_with
from engine.cli.opened import opened_database
from engine.cli.output import NONE, row, seconds, show, show_json, size, table
from engine.cli.stop import Failed, Misused
from engine.db.port import RunFilter, RunRecord
from engine.inbound.answers import run_body
from engine.settings import DATABASE
from policies.reasons import CATALOGUE
from policies.redact import redact
from policies.request import AssetId, parse_asset_id

STYLES = {"ingested": "green", "refused": "red", "retry": "yellow", "abandoned": "yellow", "running": "cyan"}
STEPS = ("claim", "plan", "look", "fetch", "convert", "thumbs", "publish", "record")
"""As they follow each other, which JSON in the database has forgotten."""
LABELS = {
    "seconds": "took",
    "bytes": "bytes fetched",
    "mediaType": "media type",
    "thumbnailsBy": "thumbnails by",
    "imageServer": "image server",
    "keys": "stored",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


async def runs(
    context: typer.Context,
    asset: Annotated[str | None, typer.Option(help="Only this asset's: customer/space/asset.")] = None,
    customer: Annotated[int | None, typer.Option(help="Only this customer's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Only this batch's.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that did not end well.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Only those that run now.")] = False,
    since: Annotated[str | None, typer.Option(help="A time, or how long ago: 30m, 12h, 7d.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 30,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What happened: runs, the newest first.

    Examples:
      sluice runs --failed --since 12h
      sluice runs --asset 99/1/page-1
      sluice runs --batch 7 --json
    """
    if context.invoked_subcommand is not None:
        return
    wanted = RunFilter(
        asset=None if asset is None else asset_named(asset),
        customer=customer,
        batch=batch,
        outcomes=("refused", "retry", "abandoned") if failed else (),
        since=None if since is None else time_of(since, datetime.now(UTC)),
        running=running,
        limit=limit,
    )
    async with opened_database(settings_with(*DATABASE)) as database:
        found = await database.runs(wanted)
    if json:
        show_json([run_body(run) for run in found])
    elif found:
        show(as_table(found))
    else:
        show("no such runs")


async def show_run(
    run: Annotated[str, typer.Argument(metavar="ID", help="The run's id, as `sluice runs` prints it.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Everything about one run: how it ended and why, what was stored, where the time went.

    Examples:
      sluice runs show 0198f2f3-5c1e-7c3a-9d2e-3f1b6a7c8d9e
    """
    try:
        wanted = UUID(run)
    except ValueError as error:
        raise Misused(f"{run} is no run's id", "`sluice runs` prints them.") from error
    async with opened_database(settings_with(*DATABASE)) as database:
        found = await database.run(wanted)
    if found is None:
        raise Failed(f"there is no run {wanted}", "Old runs are forgotten; `sluice runs` lists the rest.")
    if json:
        show_json(run_body(found))
    else:
        show(as_page(found))


def asset_named(text: str) -> AssetId:
    """An asset's id from the command line."""
    try:
        return parse_asset_id(text)
    except ValueError as error:
        raise Misused(str(error)) from error


def time_of(text: str, now: datetime) -> datetime:
    """A time, given as one or as how long ago."""
    if found := re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip()):
        return now - timedelta(seconds=int(found[1]) * UNITS[found[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"{text} is no time", "Write 30m, 12h or 7d, or a time such as 2026-11-20T10:00.") from error
    return moment if moment.tzinfo else moment.astimezone()


def as_table(found: list[RunRecord]) -> Table:
    """Runs as rows."""
    columns = ("run", "asset", "batch", "when", "outcome", "took", "what")
    made = table("", *columns, right=("batch", "took"), whole=("run", "when", "outcome", "took"))
    for run in found:
        outcome = run.outcome or "running"
        took = (run.finished - run.claimed).total_seconds() if run.finished else None
        when = f"{run.claimed.astimezone():%d %b %H:%M:%S}"
        row(made, run.id, run.asset, run.batch, when, outcome, seconds(took), in_short(run), style=STYLES.get(outcome))
    return made


def in_short(run: RunRecord) -> str:
    """What came of it, in a few words."""
    if run.reason_code:
        return redact(f"{run.reason_code}: {run.reason}")
    details = run.details
    parts = [
        str(details.size).replace(",", " x ") if details.size else "",
        size(details.bytes) if details.bytes else "",
    ]
    parts += [details.thumbs_by or ""]
    return ", ".join(part for part in parts if part) or NONE


def as_page(run: RunRecord) -> Table:
    """One run, line by line."""
    body = run_body(run)
    made = Table.grid(padding=(0, 2, 0, 0))
    outcome = str(body.pop("outcome"))
    made.add_row("outcome", f"[{STYLES.get(outcome, 'default')}]{outcome}[/]")
    kind = CATALOGUE.get(run.reason_code or "")
    if body.pop("reason"):
        made.add_row("reason", escape(redact(f"{run.reason_code}: {run.reason}")))
        made.add_row("what to do", escape(kind.remedy) if kind else NONE)
    body["final"] = "yes" if run.final else "no: another try follows, or followed"
    for key, value in body.items():
        for label, text in _lines(key, value):
            made.add_row(label, escape(text))
    return made


def _lines(key: str, value: object) -> list[tuple[str, str]]:
    if value in (None, "", [], {}):
        return []
    label = LABELS.get(key, key)
    if key == "seconds" and isinstance(value, Mapping):
        ordered = sorted(value.items(), key=lambda step: STEPS.index(step[0]) if step[0] in STEPS else len(STEPS))
        return [(label, ", ".join(f"{step} {seconds(spent)}" for step, spent in ordered))]
    if isinstance(value, Mapping):
        return [(label, ", ".join(f"{name} {held}" for name, held in value.items()))]
    if isinstance(value, list):
        return [(label if at == 0 else "", str(held)) for at, held in enumerate(value)]
    return [(label, str(value))]
