"""`make bench-queue`: what the queue's consumer promises, measured on a real database and an emulated AWS, in one run.

Each figure is taken from outside: engines are processes started as anybody starts them, times come from rows, CPU and
memory from the kernel. What is compared takes turns. On a machine that others use too, believe the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.queue_ground import SLOW, Ground, Look, make_ground, steady

BARE_LOOPS = (1, 4)
"""A bare loop alone, which is what counts; and as many as keep this machine busy, told beside it."""
SLOTS = "32"
"""What an operator gives an engine whose assets need next to nothing: slots enough for three full receives."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise, and what became of it."""

    promise: str
    measured: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    messages: int
    rounds: int
    flood: int
    long: int


def per_message(looks: list[Look]) -> float:
    """Seconds of CPU a message, while it was busy."""
    first, last = steady(looks)
    return (last.cpu - first.cpu) / (last.settled - first.settled)


async def against_a_bare_loop(ground: Ground, sizes: Sizes) -> list[Figure]:
    """Assets with channel `none`: the whole engine, and loops that only do the same statements."""
    rates: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    for turn in range(sizes.rounds + 1):
        for name in ("engine", *(f"{loops} bare" for loops in BARE_LOOPS)):
            batch = await ground.hand_in(sizes.messages)
            loops = name.partition(" ")[0]
            async with (
                ground.engines(ENGINE_SLOTS=SLOTS)
                if name == "engine"
                else ground.program("bench.queue_bare", BARE_LOOPS=loops) as child
            ):
                looks = await ground.watch(batch, sizes.messages, child)
                await ground.emptied()
            if turn:  # the first warms up
                rates.setdefault(name, []).append(await ground.rate(batch))
                cpus.setdefault(name, []).append(per_message(looks))
    rate = {name: statistics.median(found) for name, found in rates.items()}
    cpu = {name: 1000 * statistics.median(found) for name, found in cpus.items()}
    one, many = (rate["engine"] / rate[f"{loops} bare"] for loops in BARE_LOOPS)
    said = ", ".join(f"{name} {rate[name]:.0f}/s at {cpu[name]:.2f} ms" for name in rate)
    return [
        Figure(
            "channel none against a bare loop: at least 0.7",
            f"{one:.2f}; {many:.2f} of {BARE_LOOPS[1]} loops side by side ({said})",
            one >= 0.7,
        ),
        Figure("our own CPU a message: at most 4 ms", f"{cpu['engine']:.2f} ms", cpu["engine"] <= 4),
    ]


async def two_against_one(ground: Ground, sizes: Sizes) -> list[Figure]:
    """Channel `file` from an origin that takes 0.2 s, few slots: waiting is all that one process is full of."""
    slots = 8
    rates: dict[int, list[float]] = {1: [], 2: []}
    idle: list[float] = []
    for _ in range(sizes.rounds):
        for count in (1, 2):
            assets = 250 * count
            batch = await ground.hand_in(assets, channel="file")
            async with ground.engines(count, ENGINE_SLOTS=str(slots), ENGINE_PRIORITY_SLOTS="2") as children:
                looks = await ground.watch(batch, assets, children)
                await ground.emptied()
            rates[count].append(await ground.rate(batch))
            if count == 1:
                first, last = steady(looks)
                idle.append((last.idle - first.idle) / (last.at - first.at) / (os.cpu_count() or 1))
    one, two = (statistics.median(rates[count]) for count in (1, 2))
    free = statistics.median(idle)
    return [
        Figure(
            f"two processes against one, {SLOW} s of waiting each: at least 1.7",
            f"{two / one:.2f} ({one:.0f}/s and {two:.0f}/s; the machine was {free:.0%} idle with one)",
            two / one >= 1.7 and free >= 0.5,
        )
    ]


async def from_message_to_start(ground: Ground, _sizes: Sizes) -> list[Figure]:
    """At an idle queue, from before the message is sent until its asset is claimed."""
    waits = []
    async with ground.engines() as children:
        batch = await ground.hand_in(1)
        await ground.watch(batch, 1, children)
        for _ in range(30):
            await asyncio.sleep(0.3)
            waits.append(await sent_to_claimed(ground, "ENGINE_IMAGE_QUEUE"))
    middle, nearly_all = statistics.median(waits), statistics.quantiles(waits, n=10)[-1]
    return [
        Figure(
            "from message to start at an idle queue: at most 50 ms",
            f"{1000 * middle:.0f} ms (nine of ten within {1000 * nearly_all:.0f} ms)",
            middle <= 0.05,
        )
    ]


async def sent_to_claimed(ground: Ground, queue: str) -> float:
    """Seconds from sending one message to its claim."""
    batch, sent = await ground.hand_in_at(1, queue=queue)
    (claimed,) = await ground.claimed(batch)
    return claimed - sent


async def priority_behind_a_flood(ground: Ground, sizes: Sizes) -> list[Figure]:
    """Every common slot waits for a slow origin, and thousands of messages with them."""
    flood = await ground.hand_in(sizes.flood, channel="file")
    waits = []
    async with ground.engines() as children:
        await ground.watch(flood, 100, children)
        for _ in range(20):
            waits.append(await sent_to_claimed(ground, "ENGINE_PRIORITY_QUEUE"))
            await asyncio.sleep(0.2)
        left = sizes.flood - (await ground.look(flood, children)).settled
    ground.forget_messages()
    return [
        Figure(
            f"a priority message behind {sizes.flood} of a batch starts within 1 s",
            f"the slowest of {len(waits)} in {max(waits):.2f} s, the median in {statistics.median(waits):.2f} s; "
            f"{left} were still waiting",
            max(waits) <= 1 and left > sizes.flood / 2,
        )
    ]


async def memory_over_many(ground: Ground, sizes: Sizes) -> list[Figure]:
    """One process, many messages: what it holds after the first tenth and at the end."""
    batch = await ground.hand_in(sizes.long)
    async with ground.engines() as children:
        looks = await ground.watch(batch, sizes.long, children)
    first, _ = steady(looks)
    early = statistics.mean(one.memory for one in looks if first.settled <= one.settled <= sizes.long // 5)
    late = statistics.mean(one.memory for one in looks if one.settled >= sizes.long * 8 // 10)
    return [
        Figure(
            f"memory over {sizes.long} messages: flat within 5 %",
            f"{late / early - 1:+.1%} ({early / 1e6:.0f} MB, then {late / 1e6:.0f} MB)",
            abs(late / early - 1) <= 0.05,
        )
    ]


PARTS: dict[str, Callable[[Ground, Sizes], Awaitable[list[Figure]]]] = {
    "bare": against_a_bare_loop,
    "two": two_against_one,
    "start": from_message_to_start,
    "priority": priority_behind_a_flood,
    "memory": memory_over_many,
}


async def measure(parts: list[str], sizes: Sizes, console: Console) -> bool:
    """All of them on one ground; whether every promise was kept."""
    table = Table("promise", "measured", "", title="The queue", title_justify="left")
    kept = True
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        await asyncio.to_thread(folder.chmod, 0o711)
        async with make_ground(folder) as ground:
            for part in parts:
                with told(console, part):
                    figures = await PARTS[part](ground, sizes)
                for figure in figures:
                    kept &= figure.kept
                    table.add_row(figure.promise, figure.measured, "[green]kept" if figure.kept else "[red]not kept")
    console.print(table)
    return kept


@contextmanager
def told(console: Console, part: str) -> Iterator[None]:
    """Says on a terminal what is going on."""
    began = time.monotonic()
    with console.status(part):
        yield
    console.log(f"{part}: {time.monotonic() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--messages", type=int, default=6000, help="against a bare loop, each time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flood", type=int, default=5000)
    parser.add_argument("--long", type=int, default=20_000, help="messages for the look at memory")
    chosen = parser.parse_args()
    sizes = Sizes(chosen.messages, chosen.rounds, chosen.flood, chosen.long)
    kept = asyncio.run(measure(chosen.only, sizes, Console(width=max(120, Console().width))))
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
