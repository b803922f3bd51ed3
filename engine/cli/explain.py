"""`sluice explain`: what would happen to an asset, and why, without doing it.

Reads facts from the database, or from a file, and prints what `policies/explain.py` makes of them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.environment import settings_with
from engine.cli.explained import print_explanation
from engine.cli.opened import opened_database
from engine.cli.output import show_json
from engine.cli.stop import Failed, Misused
from engine.settings import DATABASE, Settings, read_settings
from images.size import Size
from policies.explain import Asked
from policies.explain import explain as explanation_of
from policies.facts import Rules
from policies.facts_file import FactsFile, facts_json, read_facts
from policies.given import FactsError
from policies.request import parse_asset_id

LARGEST_FILE = 10_000_000


async def explain(
    asset: Annotated[str | None, typer.Argument(metavar="[CUSTOMER/SPACE/ASSET]", help="The asset.")] = None,
    file: Annotated[Path | None, typer.Option(help="Read the facts from this JSON file instead.")] = None,
    size: Annotated[str | None, typer.Option(metavar="W,H", help="The image's size, to predict thumbnails.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON; its `facts` can be read back with --file.")] = False,
) -> None:
    """What would happen to an asset, and why: nothing is fetched, made, stored or recorded.

    Which origin strategy matches and which do not, which policy comes from where and what it means, the row of the
    decision table, every thumbnail with its key, every request in its form, and the quota. Without a database: --file.
    Exit code 1 when the asset would be refused.

    Examples:
      sluice explain 99/1/page-1
      sluice explain 99/1/page-1 --size 6000,4000 --json > facts.json
      sluice explain --file facts.json
    """
    if (asset is None) == (file is None):
        raise Misused("either an asset or --file", "sluice explain 99/1/page-1")
    settings = read_settings(os.environ) if file else settings_with(*DATABASE)
    found = _from_file(file) if file else await _from_database(asset or "", settings)
    image = _size(size) if size else found.image
    by_processor = settings.thumbnails.first == "processor"
    asked = Asked(image, thumbs_by_processor=by_processor)
    explanation = explanation_of(found.facts, _named(settings.rules()), asked)
    if json:
        show_json({"explanation": explanation, "facts": facts_json(found.facts, image)})
    else:
        print_explanation(explanation)
    if explanation.refusal:
        raise typer.Exit(1)


def _from_file(file: Path) -> FactsFile:
    """The facts that a file holds."""
    if file.stat().st_size > LARGEST_FILE:
        raise Misused(f"{file} is larger than {LARGEST_FILE} bytes")
    try:
        return read_facts(file.read_text(encoding="utf-8"))
    except (FactsError, UnicodeDecodeError) as error:
        raise Misused(f"{file}: {error}", "sluice explain 99/1/page-1 --json prints such a file.") from error


async def _from_database(asset: str, settings: Settings) -> FactsFile:
    """The facts that the database knows, and the size of the image if it was ingested before."""
    try:
        wanted = parse_asset_id(asset)
    except ValueError as error:
        raise Misused(str(error)) from error
    async with opened_database(settings) as database:
        facts = await database.facts_for(wanted)
        if facts is None:
            raise Failed(f"there is no asset {asset}", "sluice explain --file tries one that is not in the database.")
        return FactsFile(facts, (await database.asset(wanted)).size)


def _named(rules: Rules) -> Rules:
    """The rules with a word for each bucket that no setting names: without a database, none need be set."""
    return replace(
        rules,
        storage_bucket=rules.storage_bucket or "storage",
        thumbs_bucket=rules.thumbs_bucket or "thumbs",
        origin_bucket=rules.origin_bucket or "origin",
        security_bucket=rules.security_bucket or "security",
    )


def _size(text: str) -> Size:
    width, _, height = text.partition(",")
    try:
        return Size(int(width), int(height))
    except ValueError as error:
        raise Misused(f"expected a size such as 6000,4000, not {text!r}") from error
