"""`sluice settings`: every variable, its value, where that came from, and what it means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from engine.cli.output import row, show, show_json, table
from engine.cli.stop import Misused
from engine.settings import examine_settings
from engine.settings_shown import Shown, shown_settings
from engine.variables import SettingsError


def settings(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    changed: Annotated[bool, typer.Option("--set", help="Only what is set.")] = False,
) -> None:
    """What is set, from where, and what it means. Secrets are not shown.

    Examples:
      sluice settings --set
      ENGINE_ENV_FILE=production.env sluice settings --json
    """
    read, problems = examine_settings(os.environ)
    every = [one for one in shown_settings(read, problems) if one.set or one.problem or not changed]
    if json:
        show_json(every)
    else:
        _tables(every)
    if problems:
        raise SettingsError(problems)
    if read.unknown:
        raise Misused(f"not known: {', '.join(read.unknown)}", "Misspelt? Nothing reads these.")


def _tables(every: Sequence[Shown]) -> None:
    for section in dict.fromkeys(one.section for one in every):
        made = table(section, "variable", "value", "from", "meaning", whole=("variable",))
        for one in every:
            if one.section == section:
                style = "red" if one.problem else None if one.set else "dim"
                row(made, one.name, one.value, one.source, one.meaning, style=style)
        show(made)
