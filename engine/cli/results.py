"""How the assets of one `sluice ingest` ended: gathered, shown live, written as a report."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rich.console import Group, RenderableType
from rich.progress import Progress, TaskID
from rich.table import Table

from engine.cli.output import row, seconds, size, table
from engine.cli.stop import Misused
from engine.db.port import RunRecord
from policies.reasons import Reason
from policies.redact import redact

LAST = 12
"""How many results a live table shows."""


@dataclass(frozen=True, slots=True)
class Result:
    """One asset's end."""

    asset: str
    source: str
    status: str  # ingested | failed
    error: str = ""
    reason: str = ""
    width: int | None = None
    height: int | None = None
    fetched: int | None = None
    thumbnails_by: str | None = None
    seconds: float | None = None
    run: str = ""


def result_of(asset: str, source: str, error: str, run: RunRecord | None) -> Result:
    """The result, as its last run tells it."""
    status = "failed" if error else "ingested"
    if run is None:
        return Result(asset, redact(source), status, redact(error))
    details = run.details
    return Result(
        asset=asset,
        source=redact(source),
        status=status,
        error=redact(error),
        reason=run.reason_code or "",
        width=details.size.width if details.size else None,
        height=details.size.height if details.size else None,
        fetched=details.bytes,
        thumbnails_by=details.thumbs_by,
        seconds=round((run.finished - run.claimed).total_seconds(), 3) if run.finished else None,
        run=str(run.id),
    )


def refused_result(asset: str, source: str, reason: Reason) -> Result:
    """The result of what could not even be handed in, so that no run tells of it."""
    return Result(asset, redact(source), "failed", redact(reason.message), reason.code)


class Board:
    """Results as they come in: a bar, and the last of them beneath it."""

    def __init__(self, bar: Progress, total: int) -> None:
        self.results: list[Result] = []
        self._bar = bar
        self._task: TaskID = bar.add_task("ingesting", total=total)
        self._last: deque[Result] = deque(maxlen=LAST)

    def add(self, result: Result) -> None:
        """One more asset is done."""
        self.results.append(result)
        self._last.append(result)
        self._bar.update(self._task, completed=len(self.results))

    def __rich__(self) -> RenderableType:
        return Group(as_table(list(self._last)), self._bar) if self._last else self._bar


def as_table(results: Sequence[Result]) -> Table:
    """Results as rows."""
    columns = ("asset", "status", "size", "original", "thumbnails by", "took", "why")
    made = table("", *columns, right=("original", "took"), whole=("status", "size", "original", "took"))
    for one in results:
        pixels = f"{one.width}x{one.height}" if one.width and one.height else None
        style = "red" if one.error else None
        took, original = seconds(one.seconds), size(one.fetched)
        row(made, one.asset, one.status, pixels, original, one.thumbnails_by, took, one.error or None, style=style)
    return made


def check_report(path: Path | None) -> None:
    """Complains of a report that could not be written, before anything is done."""
    if path is not None and path.suffix.lower() not in {".csv", ".json"}:
        raise Misused(f"{path} is neither .csv nor .json", "The suffix says how the report is written.")
    if path is not None and not path.parent.is_dir():
        raise Misused(f"there is no folder {path.parent}")


def write_report(path: Path, results: Sequence[Result]) -> None:
    """Writes all results as CSV or JSON."""
    ordered = sorted(results, key=lambda one: one.asset)
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".json":
            json.dump([asdict(one) for one in ordered], file, indent=2, ensure_ascii=False)
            file.write("\n")
        else:
            writer = csv.DictWriter(file, [field.name for field in fields(Result)])
            writer.writeheader()
            writer.writerows(asdict(one) for one in ordered)
