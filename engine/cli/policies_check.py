"""`sluice policies check`: every row that admins edit, and what would fail."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.environment import settings_with
from engine.cli.opened import opened_database
from engine.cli.output import row, show, show_json, table
from engine.cli.stop import Failed
from engine.settings import DATABASE
from policies.check import Finding, Weight, check_defaults, check_policies
from policies.check_strategies import check_strategies

STYLES = {Weight.FAILS: "red", Weight.ODD: "yellow"}


async def check(
    customer: Annotated[int | None, typer.Option(help="Only this customer's rows.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at every policy, default delivery channel and origin strategy, and report each that would fail.

    Asks what an ingest asks, of rows instead of assets, and says what to write instead. Nothing is changed. Exit
    code 1 when a row fails; rows that are merely odd are reported too.

    Examples:
      sluice policies check
      sluice policies check --customer 99 --json
    """
    settings = settings_with(*DATABASE)
    async with opened_database(settings) as database:
        policies = await database.policy_rows(customer)
        defaults = await database.default_rows(customer)
        strategies = await database.strategy_rows(customer)
    found = [
        *check_policies(policies),
        *check_defaults(defaults),
        *check_strategies(strategies, settings.rules()),
    ]
    looked = f"{len(policies)} policies, {len(defaults)} default channels, {len(strategies)} origin strategies"
    if json:
        show_json(found)
    else:
        _print(found, looked)
    failing = sum(finding.weight is Weight.FAILS for finding in found)
    if failing:
        raise Failed(f"{failing} of {looked} would fail")


def _print(found: list[Finding], looked: str) -> None:
    if not found:
        show(f"{looked}: nothing to say")
        return
    made = table("", "", "table", "row", "of", "problem", "write instead")
    for finding in sorted(found, key=lambda one: one.weight is not Weight.FAILS):
        cells = (finding.weight, finding.table, finding.row, finding.what, finding.problem, finding.instead)
        row(made, *cells, style=STYLES[finding.weight])
    show(made)
