"""`sluice demo`: the whole system, one batch through it, a table of what came out, and a page to look at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from engine.cli.output import joined, progress, row, show, size, table
from engine.cli.stop import Failed
from engine.cli.up import came_up, warn
from local.child import Child, PartError
from local.demo.collection import WORKS
from local.demo.exhibition import KINDS, codec_of, exhibition, kept_in
from local.demo.order import Result, is_finished, place_order, read_results, settled
from local.demo.paint import start_painting
from local.demo.site import open_site
from local.interrupts import ended_by_signals
from local.system import Ports, System, Up

FOLDER = Path(".local") / "demo"
PATIENCE = 600.0  # seconds for the batch
STEP = 0.1
SMALL = 0.25  # of the sides


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C, to look at the page.")] = False,
    small: Annotated[bool, typer.Option("--small", help="Small pictures, for a quick look.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its things.")] = FOLDER,
    port_page: Annotated[int | None, typer.Option(min=1, max=65535, help="A fixed port for the page.")] = None,
) -> None:
    """Ingest one batch of images, end to end, on real parts; then show them.

    Starts database, S3, queues, processor, image server and engine, paints a few pictures, and sends them through as
    the DLCS would: rows, a batch, messages. Nothing is installed or left running.

    Examples:
      sluice demo
      sluice demo --keep
    """
    place = folder.resolve()
    pictures = place / ("small-pictures" if small else "pictures")
    extra = {"ENGINE_ALLOWED_NETWORKS": "127.0.0.0/8"}  # our own little origin is on loopback
    system = System(place, Ports(), tell=came_up, warn=warn, extra=extra)
    began = time.monotonic()
    painters: list[Child] = []
    with ended_by_signals():
        try:
            painters += start_painting(pictures, place / "logs", SMALL if small else 1)
            system.start()
            _finish(painters, time.monotonic() - began)
            _exhibit(system, pictures, port_page, keep=keep)
        except KeyboardInterrupt as error:
            raise Failed("interrupted before the batch was done", "The same command begins another one.") from error
        except PartError as error:
            raise Failed(str(error)) from error
        finally:
            for painter in painters:
                painter.stop(1)
            system.stop()
    show(f"all stopped; what it stored is kept in {place}")


def _finish(painters: Sequence[Child], seconds_so_far: float) -> None:
    """Wait for the pictures."""
    began = time.monotonic()
    for painter in painters:
        painter.finish(patience=300)
    files = sum(1 for work in WORKS if work.picture)
    note = "painted just now" if painters else "kept from before"
    came_up(Up("pictures", f"{files} files", seconds_so_far + time.monotonic() - began if painters else 0, note))


def _exhibit(system: System, pictures: Path, port_page: int | None, *, keep: bool) -> None:
    """Send the works through and show what came out."""
    told = system.environment
    database, queue = told["ENGINE_DATABASE_URL"], told["ENGINE_IMAGE_QUEUE"]
    with system.aws() as aws, open_site(pictures, aws, told["ENGINE_THUMBS_BUCKET"], port_page) as site:
        began = time.monotonic()
        batch = asyncio.run(place_order(database, aws, queue, WORKS, f"{site.url}/origin"))
        show(f"\nbatch {batch}: {len(WORKS)} messages sent")
        results = asyncio.run(_follow(system, database, batch))
        took = time.monotonic() - began
        site.texts["demo.json"] = exhibition(results, told["ENGINE_IMAGE_SERVER_URL"], took)
        _tabulate(results)
        _judge(results, took)
        if keep:
            show(f"Look at them: [bold]{site.url}/[/]   (Ctrl-C ends)")
            _watch(system)
            return
        show(f"The page was at {site.url}/ and goes with this command; `make demo ARGS=--keep` keeps it up.")


def _watch(system: System) -> None:
    """Stay up until somebody has seen enough."""
    try:
        system.watch()
    except KeyboardInterrupt:
        show("stopping …")


async def _follow(system: System, database: str, batch: int) -> list[Result]:
    """Wait until the batch is finished, with a progress bar; the parts are looked after meanwhile."""
    connection = await asyncpg.connect(database, timeout=10)
    try:
        with progress() as bar:
            task = bar.add_task("ingesting", total=len(WORKS))
            deadline = time.monotonic() + PATIENCE
            while not await is_finished(connection, batch):
                bar.update(task, completed=await settled(connection, batch))
                system.look_after()
                if time.monotonic() > deadline:
                    raise PartError(f"the batch did not finish in {PATIENCE:.0f} s; see {system.log('engine')}")
                await asyncio.sleep(STEP)
            bar.update(task, completed=len(WORKS))
        return await read_results(connection, batch, WORKS)
    finally:
        await connection.close()


def _tabulate(results: Sequence[Result]) -> None:
    """One row for each work: what it was, what came out, how long each step took, and where it all is."""
    made = table("", "image", "origin", "came out as", "thumbnails", "seconds for each step", "where")
    for result in results:
        came = f"{KINDS.get(result.media_type or '', '')} {size(result.origin_bytes)}" if result.origin_bytes else None
        if result.error:
            row(made, result.work.title, came, None, None, _steps(result), result.error, style="yellow")
            continue
        kept = f"{codec_of(result)}, {size(result.bytes)}\n{result.width} x {result.height}"
        thumbs = " ".join(str(max(each)) for each in result.sizes)
        row(made, result.work.title, came, kept, thumbs, _steps(result), "\n".join(kept_in(result)))
    show(made)


def _steps(result: Result) -> str:
    """Each step that took any time, and all of them together."""
    spent = [f"{name} {each:.2f}" for name, each in result.steps.items() if each >= 0.05]
    return f"{', '.join(spent)}\ntogether {sum(result.steps.values()):.2f}"


def _judge(results: Sequence[Result], took: float) -> None:
    """Say how it went; Failed when a work that is there was refused."""
    refused = [result for result in results if result.error]
    show(
        f"{len(results) - len(refused)} ingested, {len(refused)} refused, in {took:.1f} s (one work is lost on purpose)"
    )
    if lost := [result.work.title for result in refused if result.work.picture]:
        raise Failed(
            f"refused, and should not have been: {joined(lost)}", "The logs of all parts are in .local/demo/logs."
        )
