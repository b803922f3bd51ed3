"""`sluice migrate`: brings the database up to date; safe to run at every start, and by several at once."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from engine.cli.environment import settings_with
from engine.cli.opened import opened_database
from engine.cli.output import show, show_json
from engine.cli.stop import Failed
from engine.db.migrate import BASE, HEAD, downgrade, upgrade
from engine.db.port import MigrationState
from engine.settings import DATABASE, Settings
from migrations.refusal import CannotMigrateError


async def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether it is up to date.")] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Remove everything that was made here, runs included.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring the database up to date: all of the way, or not at all.

    Tables of the DLCS are made where they are absent and left as they are where they are there; our own are in
    the schema `engine`. A second process that migrates at once waits, and then has nothing to do.

    Examples:
      sluice migrate
      sluice migrate --check
      sluice migrate --take-back
    """
    settings = settings_with(*DATABASE)
    before = await _state(settings)
    if check:
        _tell(before, before, json=json)
        if not before.ready:
            raise Failed(f"the database is at {before.current or 'nothing'}, not at {before.wanted}", "sluice migrate")
        return
    if take_back and not yes:
        typer.confirm("Remove the engine's schema, with every run, and the tables that it made?", abort=True)
    try:
        if take_back:
            await asyncio.to_thread(downgrade, settings.database.url, BASE)
        else:
            await asyncio.to_thread(upgrade, settings.database.url, HEAD)
    except CannotMigrateError as error:
        raise Failed(str(error), "Nothing has been changed.") from error
    _tell(before, await _state(settings), json=json)


async def _state(settings: Settings) -> MigrationState:
    async with opened_database(settings) as database:
        return await database.migration_state()


def _tell(before: MigrationState, now: MigrationState, *, json: bool) -> None:
    if json:
        show_json({"before": before.current, "now": now.current, "wanted": now.wanted, "ready": now.ready})
    elif before.current == now.current:
        show(f"the database is at {now.current or 'nothing'}: nothing to do" if now.ready else f"at {now.current}")
    else:
        show(f"the database was at {before.current or 'nothing'} and is at {now.current or 'nothing'}")
