"""`sluice doctor`: tries every dependency, by name."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from engine.cli.output import console, seconds, show_json
from engine.cli.stop import Failed
from engine.doctor.examination import examine_everything
from engine.doctor.finding import Finding, Verdict
from engine.settings import read_settings

MARKS = {Verdict.FINE: "[green]✓[/]", Verdict.WARNING: "[yellow]![/]", Verdict.BROKEN: "[red]✗[/]"}


async def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try every dependency for real, by name, and say what is wrong and what to do.

    Stores and removes small probes in the storage and thumbs buckets, has the processor convert a picture in the
    shared folder, and the image server read one from the bucket. Exit code 1 when anything is broken.

    Examples:
      sluice doctor
      sluice doctor --json | jq '.[] | select(.verdict != "fine")'
    """
    settings = read_settings(os.environ)
    found: list[Finding] = []
    out = console()
    with Live(console=out, transient=True) as live:
        async for findings in examine_everything(settings):
            found += findings
            if not json and out.is_terminal:
                live.update(as_table(found))
    if json:
        show_json(found)
    else:
        out.print(as_table(found))
    bad = sum(one.verdict is Verdict.BROKEN for one in found)
    if bad:
        raise Failed(f"{bad} of {len(found)} findings {'is' if bad == 1 else 'are'} broken")
    if not json:
        warnings = sum(one.verdict is Verdict.WARNING for one in found)
        out.print(f"[green]Ready to ingest.[/]{f' {warnings} to look at.' if warnings else ''}")


def as_table(findings: list[Finding]) -> Table:
    """Findings as people read them: what, how, and beneath it what to do."""
    made = Table.grid(padding=(0, 2, 0, 0))
    for one in findings:
        says = escape(one.says) + (f"\n[bold]→ {escape(one.remedy)}[/]" if one.remedy else "")
        made.add_row(MARKS[one.verdict], escape(one.name), says, f"[dim]{seconds(one.seconds)}[/]")
    return made
