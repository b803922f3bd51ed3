"""`make bench-thumbs`: what is claimed of thumbnails by the image server, beside the old client's way, in one run.

The server is the stand-in of `tests/fakes/image_server.py`, a process of its own: 2 modelled cores, the costs that
were measured on a real one at half their length, a memory ceiling, and its faults; `local` takes the local image
server instead, and real photographs. Always ends with 0; what is not met is said. `--full` takes the outage for 60 s
and 10,000 assets for the look at memory.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from rich.console import Console
from rich.table import Table

from bench.processes import memory_of
from bench.thumbs_ground import Asset, Went, engine, in_flight, old_client, photographs
from bench.thumbs_local import local_photographs, local_server
from bench.thumbs_server import Manners, serving
from engine.outbound.processor_thumbnailer import PROCESSOR
from tests.fakes.image_server_faults import Faults
from tests.fakes.image_server_proxy import faulty


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim, and what became of it."""

    what: str
    wanted: str
    got: str
    met: bool


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; the smallest sensible are for a test of the bench itself."""

    assets: int = 320
    ceiling: int = 12
    fixed: tuple[int, ...] = (2, 3, 4, 6)
    away: float = 20.0
    many: int = 2000
    scale: float = 0.5
    together: int = 128
    real: int = 48  # photographs that are really decoded


async def crowd(sizes: Sizes) -> list[Figure]:
    """Many more assets in flight than the server survives, JPEG 2000 and JPEG mixed."""
    manners = Manners(scale=sizes.scale, memory=sizes.ceiling)
    warm, last = sizes.assets // 5, sizes.assets // 16
    assets = photographs(sizes.assets, "jp2", "jpg")
    async with serving(manners) as server, engine(server, scale=sizes.scale) as make:
        ours = await in_flight(make, assets, sizes.together)
    few = photographs(sizes.together, "jp2", "jpg")
    async with serving(manners) as server, old_client(server, scale=sizes.scale) as make:
        old = await in_flight(make, few, sizes.together)
    rates = {limit: await _at_fixed(sizes, manners, limit) for limit in sizes.fixed}
    best = max(rates, key=lambda limit: rates[limit])
    ratio = ours.rate(warm, last) / rates[best] if rates[best] else 0.0
    crowded = f"{sizes.together} in flight, ceiling at {sizes.ceiling}"
    return [
        Figure(f"{crowded}: lost", "0", f"{ours.lost} of {len(assets)} {_why(ours)}", ours.lost == 0),
        Figure("the same, old client: lost", "most", f"{old.lost} of {len(few)}", old.lost > len(few) / 2),
        Figure(
            "assets a second against the best fixed limit",
            "≥ 0.9",
            f"{ratio:.2f} ({ours.rate(warm, last):.1f}/s; "
            + ", ".join(f"{limit}: {rate:.1f}" for limit, rate in rates.items())
            + ")",
            ratio >= 0.9,
        ),
    ]


async def _at_fixed(sizes: Sizes, manners: Manners, limit: int) -> float:
    assets = photographs(sizes.assets // 2, "jp2", "jpg")
    async with serving(manners) as server, engine(server, scale=sizes.scale, limit=limit) as make:
        return (await in_flight(make, assets, sizes.together)).rate(sizes.assets // 16, sizes.assets // 32)


async def speed(sizes: Sizes) -> list[Figure]:
    """Eight in flight and no ceiling, so that the old client works; for JPEG 2000 also as if it asked cheap forms."""
    jp2 = {way: await _at_ease(sizes, "jp2", way) for way in ("ours", "old", "cheap")}
    jpg = {way: await _at_ease(sizes, "jpg", way) for way in ("ours", "old")}
    return [
        _faster("JPEG 2000: assets a second against the old client", jp2, "old", 1.35),
        _faster("the same, were the old client to ask cheap forms", jp2, "cheap", 1.0),
        _faster("JPEG: assets a second against the old client", jpg, "old", 2.7),
    ]


async def _at_ease(sizes: Sizes, format_: str, way: str) -> float:
    """Assets a second; 0 where one was lost. Ours go on for longer than a calm moment, the old client's by eights."""
    count = {"ours": sizes.assets, "old": sizes.assets // 8, "cheap": sizes.assets // 4}[way]
    assets = photographs(max(count, 24), format_)
    async with serving(Manners(scale=sizes.scale)) as server:
        ours = engine(server, scale=sizes.scale)
        old = old_client(server, scale=sizes.scale, cheap=way == "cheap")
        async with ours if way == "ours" else old as make:
            went = await in_flight(make, assets, 8)
    return 0.0 if went.lost else went.rate(48 if way == "ours" and count > 96 else 8, 8)


def _faster(what: str, rates: dict[str, float], other: str, wanted: float) -> Figure:
    ratio = rates["ours"] / rates[other] if rates[other] else 0.0
    return Figure(what, f"≥ {wanted}", f"{ratio:.2f} ({rates['ours']:.1f}/s, {rates[other]:.1f}/s)", ratio >= wanted)


async def faults(sizes: Sizes) -> list[Figure]:
    """Every fifth answer wrong, in all ways by turns; then nothing wrong."""
    took, wrong = {}, 0.0
    for rate in (0.2, 0.0):
        assets = photographs(sizes.assets, "jp2", "jpg")
        async with (
            serving(Manners(scale=sizes.scale, rate=rate)) as server,
            engine(server, scale=sizes.scale) as make,
        ):
            took[rate] = await in_flight(make, assets, 32)
            wrong += (await server.seen())["faults"]
    bad, good = took[0.2], took[0.0]
    ratio = bad.seconds / good.seconds
    return [
        Figure(
            "20 % of answers faulty: failed",
            "0",
            f"{bad.failed.total()} of {sizes.assets} {_why(bad)} ({wrong:.0f} faults)",
            not bad.failed,
        ),
        Figure("thumbnails wrong or missing", "0", str(bad.wrong), bad.wrong == 0),
        Figure(
            "time against that without faults",
            "≤ 1.5",
            f"{ratio:.2f} ({bad.seconds:.1f} s, {good.seconds:.1f} s)",
            ratio <= 1.5,
        ),
    ]


async def again(sizes: Sizes) -> list[Figure]:
    """The same assets, with other pictures: a server that keeps sources by identifier has the earlier ones."""
    first, second = (photographs(min(24, sizes.assets), "jp2", shift=shift) for shift in (0, 7))
    wrong = {}
    async with serving(Manners(scale=0.02)) as server:
        async with engine(server, scale=1) as make:
            await in_flight(make, first, 8)
            wrong["ours"] = (await in_flight(make, second, 8)).lost
        async with old_client(server, scale=1) as make:
            await in_flight(make, first, 8)
        async with old_client(server, scale=1) as make:
            wrong["old"] = (await in_flight(make, second, 8)).wrong
    return [
        Figure("ingested again: earlier pictures stored", "0", f"{wrong['ours']} of {len(second)}", not wrong["ours"]),
        Figure("the same, old client", "all", f"{wrong['old']} of {len(second)}", wrong["old"] == len(second)),
    ]


async def away(sizes: Sizes) -> list[Figure]:
    """The server gone in the middle: with the processor behind it, and with nobody."""
    figures = []
    processor = 0.3 * sizes.scale
    for fallback in (processor, None):
        async with (
            serving(Manners(scale=sizes.scale)) as server,
            engine(server, scale=sizes.scale, fallback=fallback) as make,
        ):
            back = asyncio.Event()
            lasts = asyncio.create_task(_outage(server.away, sizes.away, back))
            enough = int((8 + 1.2 * sizes.away) * 10 / sizes.scale) if fallback else sizes.assets
            assets = photographs(enough, "jp2")
            went = await in_flight(make, _until_back(assets, back) if fallback else assets, 64)
            await lasts
            asked = (await server.seen())["while away"]
        who = f"away for {sizes.away:g} s, {PROCESSOR if fallback else 'nobody'} behind it"
        made = f"{went.lost} of {len(went.ends)} {_why(went)}"
        figures.append(Figure(f"{who}: lost", "0", made, went.lost == 0))
        if fallback:
            pause = went.longest_pause
            figures.append(Figure("longest pause between two assets", "≤ 10 s", f"{pause:.1f} s", pause <= 10))
        rate = asked / sizes.away
        figures.append(Figure("requests a second while away", "< 1", f"{rate:.2f} ({asked:.0f} in all)", rate < 1))
    return figures


async def _outage(go: Callable[[bool], Awaitable[None]], seconds: float, back: asyncio.Event) -> None:
    await asyncio.sleep(5.0)
    await go(True)
    await asyncio.sleep(seconds)
    await go(False)
    await asyncio.sleep(5.0)
    back.set()


def _until_back(line: Iterable[Asset], back: asyncio.Event) -> Iterator[Asset]:
    for one in line:
        if back.is_set():
            return
        yield one


async def memory(sizes: Sizes) -> list[Figure]:
    """Many assets through one engine: what the process holds after a fifth of them, and towards the end."""
    held: list[float] = []

    def look(_: Went) -> None:
        held.append(memory_of(os.getpid()) / 1e6)

    async with serving(Manners(scale=0.01)) as server, engine(server, scale=1) as make:
        went = await in_flight(make, photographs(sizes.many, "jp2", "jpg"), 64, look)
    fifth = max(sizes.many // 5, 1)
    early, late = statistics.mean(held[fifth : 2 * fifth]), statistics.mean(held[-fifth:])
    growth = late / early - 1
    return [
        Figure(
            f"memory over {sizes.many} assets",
            "within 5 %",
            f"{growth:+.1%} ({early:.0f} MB, then {late:.0f} MB; {went.lost} lost, {len(held) / went.seconds:.0f}/s)",
            abs(growth) <= 0.05 and not went.lost,
        )
    ]


async def local(sizes: Sizes) -> list[Figure]:
    """The local image server and real pictures; beside it on the same cores works whoever asks."""
    rates: dict[str, dict[str, float]] = {"jp2": {}, "jpg": {}}
    spared: dict[str, dict[str, float]] = {"jp2": {}, "jpg": {}}
    async with local_server() as server:
        for format_, ways in rates.items():
            for way in ("ours", "old"):
                assets = local_photographs(sizes.real * (3 if way == "ours" else 1), format_)
                ours, old = engine(server, scale=1), old_client(server, scale=3)
                before = server.cpu()
                async with ours if way == "ours" else old as make:
                    went = await in_flight(make, assets, 8)
                ways[way] = 0.0 if went.lost else went.rate(sizes.real if way == "ours" else 8, 8)
                spared[format_][way] = 0.0 if went.lost else len(assets) / (server.cpu() - before)
        faults = Faults(rate=0.2, seed=5)
        assets = local_photographs(sizes.real, "jp2", "jpg")
        async with faulty(server.url, faults) as url, engine(server.behind(url), scale=1) as make:
            went = await in_flight(make, assets, 16)
    figures = []
    for format_, name, wanted in (("jp2", "JPEG 2000", 1.35), ("jpg", "JPEG", 2.7)):
        what = f"local image server, {name}: assets a second "
        figures.append(_faster(f"{what}of its CPU, against the old client", spared[format_], "old", wanted))
        figures.append(_faster(f"{what}where all share two cores", rates[format_], "old", wanted))
    figures.append(
        Figure(
            "local image server, 20 % of answers faulty: failed, wrong",
            "0, 0",
            f"{went.failed.total()}, {went.wrong} of {len(assets)} {_why(went)} ({faults.seen.total()} faults)",
            went.lost == 0,
        )
    )
    return figures


PARTS: dict[str, Callable[[Sizes], Awaitable[list[Figure]]]] = {
    "crowd": crowd,
    "speed": speed,
    "faults": faults,
    "again": again,
    "away": away,
    "memory": memory,
    "local": local,
}


async def measure(parts: list[str], sizes: Sizes, console: Console) -> list[Figure]:
    """The figures, and a table of them."""
    table = Table("figure", "wanted", "got", "", title="Thumbnails", title_justify="left")
    figures = []
    for part in parts:
        with told(console, part):
            found = await PARTS[part](sizes)
        for figure in found:
            table.add_row(figure.what, figure.wanted, figure.got, "[green]met" if figure.met else "[red]NOT MET")
        figures += found
    console.print(table)
    missed = [figure.what for figure in figures if not figure.met]
    console.print(f"Not met: {'; '.join(missed)}" if missed else "All met.")
    return figures


@contextmanager
def told(console: Console, part: str) -> Iterator[None]:
    """Says what is going on, and how long it took."""
    began = time.monotonic()
    with console.status(part):
        yield
    console.log(f"{part}: {time.monotonic() - began:.0f} s")


def _why(went: Went) -> str:
    return " ".join(f"[{reason}: {count}]" for reason, count in went.failed.items()).replace("[", "\\[")


def main() -> None:
    usual = Sizes()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--away", type=float, default=usual.away, help="seconds")
    parser.add_argument("--many", type=int, default=usual.many, help="assets for the look at memory")
    parser.add_argument("--full", action="store_true", help="the outage lasts 60 s, and 10,000 assets for memory")
    chosen = parser.parse_args()
    sizes = Sizes(away=60.0, many=10_000) if chosen.full else Sizes(away=chosen.away, many=chosen.many)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # a line an asset else
    asyncio.run(measure(chosen.only, sizes, Console(width=max(120, Console().width))))


if __name__ == "__main__":
    main()
