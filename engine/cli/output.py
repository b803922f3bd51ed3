"""What commands print: tables, progress and JSON on standard output, complaints on standard error.

Colours and live updates only on a terminal; a pipe gets plain, wide, uncut lines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from engine.cli.stop import Stop

PIPE_WIDTH = 240
NONE = "-"


def console(stream: TextIO | None = None) -> Console:
    """A console on the stream (standard output), as wide as its terminal, or wide enough for a pipe."""
    stream = stream or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PIPE_WIDTH, highlight=False, soft_wrap=False)


def table(title: str, *columns: str, right: Iterable[str] = (), whole: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in `right` hold figures, those in `whole` are never broken over lines."""
    made = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    figures, unbroken = set(right), set(whole)
    for column in columns:
        justify: JustifyMethod = "right" if column in figures else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=column in unbroken)
    return made


def row(into: Table, *cells: object, style: str | None = None) -> None:
    """Adds one row; cells are text, never markup, and None is a dash."""
    into.add_row(*(NONE if cell is None else escape(str(cell)) for cell in cells), style=style)


def show(*things: object) -> None:
    """Prints renderables or text to standard output."""
    console().print(*things)


def show_json(value: object) -> None:
    """Prints the value as JSON, for programs."""
    sys.stdout.write(json.dumps(value, default=_plain, indent=2, ensure_ascii=False) + "\n")


def complain(stop: Stop) -> None:
    """Says on standard error what happened, and what to do."""
    out = console(sys.stderr)
    out.print(f"[bold red]sluice:[/] {escape(stop.happened)}")
    if stop.remedy:
        out.print(f"        {escape(stop.remedy)}", style="dim")


class _Rate(ProgressColumn):
    """Things a second."""

    def render(self, task: Task) -> Text:
        return Text("" if not task.speed else f"{task.speed:.1f}/s", style="progress.data.speed")


def progress() -> Progress:
    """A progress bar with count, rate and time left, on standard error; silent when that is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console(sys.stderr),
        disable=not sys.stderr.isatty(),
    )


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def seconds(value: float | None) -> str:
    """A duration as people read it."""
    if value is None:
        return NONE
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def size(value: int | None) -> str:
    """A number of bytes as people read it."""
    if value is None:
        return NONE
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if amount < 1000 or unit == "PB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def joined(parts: Sequence[object]) -> str:
    """A list in a table's cell."""
    return ", ".join(str(part) for part in parts) or NONE


def counted(count: int) -> str:
    """So many assets, in words."""
    return "1 asset" if count == 1 else f"{count} assets"
