"""`make chaos`: a composed system is killed, stopped, filled, cut and restarted; afterwards it is counted.

python -m tests.chaos --assets 1000 --batches 20 --engines 3 --faults 1000 --seconds 900 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from tests.chaos.run import Plan, Progress, run
from tests.chaos.schedule import schedule, summary
from tests.chaos.verdict import Verdict


def main() -> None:
    """Runs it, shows it, and exits with 1 when anything is wrong."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--assets", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--engines", type=int, default=3, choices=(2, 3, 4))
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=900.0, help="over which the faults are spread")
    parser.add_argument("--poison", type=int, default=3, help="assets that kill whoever fetches them")
    parser.add_argument("--patience", type=float, default=1200.0, help="seconds for all to settle after the last fault")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same faults")
    words = parser.parse_args()
    plan = Plan(
        seed=words.seed,
        assets=words.assets,
        batches=words.batches,
        engines=words.engines,
        faults=words.faults,
        seconds=words.seconds,
        poison=words.poison,
        patience=words.patience,
    )
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="sluice-chaos-"))
    folder.chmod(0o711)
    console.print(f"{plan.assets} assets in {plan.batches} batches, {plan.engines} engines, seed {plan.seed}; {folder}")
    began = time.monotonic()
    with Bars(
        TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bars:
        assets = bars.add_task("assets", total=plan.assets)
        faults = bars.add_task("faults", total=plan.faults)

        def tell(progress: Progress) -> None:
            bars.update(assets, completed=progress.finished)
            bars.update(faults, completed=progress.faults)

        verdict = asyncio.run(run(plan, folder, tell))
    show(console, plan, verdict, time.monotonic() - began)
    sys.exit(0 if verdict.good else 1)


def show(console: Console, plan: Plan, verdict: Verdict, seconds: float) -> None:
    """What was done, and what came of it."""
    done = Table("fault", "times", title="What was done")
    for fault, times in sorted(summary(schedule(plan.seed, plan.faults, plan.seconds)).items()):
        done.add_row(fault, str(times))
    console.print(done)
    figures = Table("figure", "", title=f"After {seconds:.0f} s")
    for name, value in verdict.figures.items():
        figures.add_row(name, str(value))
    console.print(figures)
    if verdict.good:
        console.print("[green]0 lost, 0 twice, nothing wrong[/green]")
    for about, found in verdict.wrong.items():
        console.print(f"[red]{about}[/red]: {len(found)}")
        for what in found[:10]:
            console.print(f"  {what}", markup=False)


if __name__ == "__main__":
    main()
