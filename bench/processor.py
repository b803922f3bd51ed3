"""What the processor claims about speed and memory, as ratios of alternating runs on this machine.

    python -m bench.processor                  everything but the 500 megapixels (a few minutes)
    python -m bench.processor --only large     a TIFF of 500 megapixels (2 GB of disk, a quarter of an hour)

Each figure is the median of ratios, ours against theirs, run in turn. opj_compress is Debian's libopenjp2-tools.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import numpy as np
import tifffile
from PIL import Image

from bench.processes import memory_of, peak_of, scheduled_of
from images.iiif_size import parse_size
from images.recipe import NAMED, Recipe, parse_recipe
from processor.convert import convert
from processor.encoders.openjpeg import precincts_for, rates
from processor.order import Operation, Order
from processor.pool import Workers
from processor.service import running
from processor.settings import MEGABYTE, Limits, ProcessorSettings, cores
from tests.corpus.pictures import photograph

LOSSLESS_HT = parse_recipe({"codec": "htj2k", "reversible": True})


@dataclass(frozen=True, slots=True)
class Cost:
    """What one round took, all processes of it together."""

    cpu: float
    wall: float
    peak: int  # bytes, of the largest process


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=[*SECTIONS, "large"], action="append")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-processor-") as folder:
        for name in given.only or SECTIONS:
            say(f"\n{name}")
            ({**SECTIONS, "large": large}[name])(Path(folder), given.runs)
            say(f"  (load {os.getloadavg()[0]:.1f} on {cores()} cores: what is more makes wall time a queue)")


def say(text: str) -> None:
    print(text, flush=True)


def claim(what: str, ratio: float, at_least: float, runs: Sequence[float]) -> None:
    """Prints one figure beside what is claimed."""
    kept = "kept" if ratio >= at_least else "NOT KEPT"
    spread = f"{min(runs):.2f} to {max(runs):.2f} in {len(runs)} runs"
    say(f"  {what}: {ratio:.2f} (claimed at least {at_least:.3g}: {kept}; {spread})")


def opj_compress() -> str | None:
    found = shutil.which("opj_compress")
    if found is None:
        say("  opj_compress is not installed (apt-get install libopenjp2-tools): nothing to compare with, skipped")
    return found


# ----------------------------------------------------------------- the default recipe against opj_compress


def encode(room: Path, runs: int) -> None:
    """The default recipe: as many side by side as there are cores, the same files."""
    tool = opj_compress()
    if tool is None:
        return
    files = [write_tiff(room / f"page-{number}.tif", 3000, 2400, number) for number in range(cores())]
    ours, theirs = alternate(
        runs,
        lambda: asyncio.run(by_workers(files, NAMED["default"])),
        lambda: by_command([opj_words(tool, file, NAMED["default"]) for file in files]),
    )
    same = all(file.with_suffix(".jp2").read_bytes() == file.with_suffix(".opj.jp2").read_bytes() for file in files)
    say(f"  {len(files)} at once, 7.2 megapixels each; files identical byte for byte: {'yes' if same else 'NO'}")
    compare("CPU time, opj_compress / ours", ours, theirs, 0.9, lambda cost: cost.cpu)
    compare("wall time, opj_compress / ours", ours, theirs, 0.9, lambda cost: cost.wall)
    compare("peak memory, opj_compress / ours", ours, theirs, 1 / 1.2, lambda cost: cost.peak)


def fastest(room: Path, runs: int) -> None:
    """HTJ2K against opj_compress: lossless, and lossy at the same size."""
    tool = opj_compress()
    if tool is None:
        return
    file = write_tiff(room / "page.tif", 4000, 3000, 1)
    for what, recipe, least in (("lossless", LOSSLESS_HT, 6.0), ("lossy at the same size", NAMED["fastest"], 10.0)):
        asyncio.run(by_workers([file], recipe))
        ratio = 4000 * 3000 * 3 / file.with_suffix(".jp2").stat().st_size
        like = NAMED["lossless"] if recipe.reversible else parse_recipe({"ratio": round(ratio, 3)})
        ours, theirs = alternate(
            runs,
            lambda recipe=recipe: asyncio.run(by_workers([file], recipe)),  # type: ignore[misc]  # bound at once
            lambda like=like: by_command([opj_words(tool, file, like)]),  # type: ignore[misc]  # bound at once
        )
        sizes = file.with_suffix(".jp2").stat().st_size / file.with_suffix(".opj.jp2").stat().st_size
        say(f"  {what}: our file is {sizes:.2f} of theirs")
        compare("CPU time, opj_compress / ours", ours, theirs, least, lambda cost: cost.cpu)
        compare("wall time, opj_compress / ours", ours, theirs, least, lambda cost: cost.wall)


def opj_words(tool: str, file: Path, recipe: Recipe) -> list[str]:
    """The same recipe in opj_compress's words."""
    with tifffile.TiffFile(file) as opened:
        high, wide = opened.pages.first.shape[:2]
    sides = ",".join(f"[{side},{side}]" for side in precincts_for(recipe, recipe.levels))
    words = [tool, "-i", str(file), "-o", str(file.with_suffix(".opj.jp2")), "-n", str(recipe.levels + 1)]
    words += ["-b", "64,64", "-c", sides, "-p", recipe.progression, "-SOP", "-PLT", "-TLM", "-TP", "R"]
    (rate,) = rates(recipe, 24, high * wide)
    words += ["-r", f"{rate:g}"] if rate else []
    return words if recipe.reversible else [*words, "-I"]


def by_command(commands: Sequence[Sequence[str]]) -> Cost:
    """Runs commands side by side and adds up what they took."""
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    started = [subprocess.Popen(words, stdout=quiet, stderr=quiet) for words in commands]
    cpu, peak = 0.0, 0
    for process, words in zip(started, commands, strict=True):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            sys.exit(f"{' '.join(words)} failed")
        cpu += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss * 1024)
    return Cost(cpu, time.perf_counter() - began, peak)


async def by_workers(files: Sequence[Path], recipe: Recipe, limits: Limits | None = None) -> Cost:
    """Sends files through workers that have been started before, as they are in service."""
    settings = ProcessorSettings(files[0].parent, workers=len(files), limits=limits or Limits())
    async with Workers(settings) as workers:
        pids = worker_pids()
        before = sum(map(scheduled_of, pids))
        began = time.perf_counter()
        orders = [order_of(file, recipe) for file in files]
        await asyncio.gather(*(workers.run(order) for order in orders))
        wall = time.perf_counter() - began
        return Cost(sum(map(scheduled_of, pids)) - before, wall, max(map(peak_of, pids)))


def order_of(file: Path, recipe: Recipe, **given: Any) -> Order:
    fields: dict[str, Any] = {
        "token": uuid4().hex,
        "source": file,
        "operation": Operation.IMAGE_ONLY,
        "destination": file.with_suffix(".jp2"),
        "thumb_folder": file.parent,
        "recipe": recipe,
    }
    return Order(**{**fields, **given})


def worker_pids() -> list[int]:
    """The workers that this process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"processor.worker" in command:
            found.append(int(folder.name))
    return found


def alternate(runs: int, *ways: Callable[[], Cost]) -> list[list[Cost]]:
    """Runs each way in turn, once to warm up and then as often as asked."""
    for way in ways:
        way()
    rounds = [[way() for way in ways] for _ in range(runs)]
    return [list(column) for column in zip(*rounds, strict=True)]


def compare(what: str, ours: Sequence[Cost], theirs: Sequence[Cost], least: float, of: Callable[[Cost], float]) -> None:
    ratios = [of(their) / of(our) for our, their in zip(ours, theirs, strict=True)]
    claim(what, statistics.median(ratios), least, ratios)


# --------------------------------------------------------------------------------- thumbnails of JPEG 2000


def thumbs(room: Path, runs: int) -> None:
    """One thumbnail of 1024 pixels from a JPEG 2000: reduced resolutions against Pillow's full decode and resize."""
    for side, recipe, least in (
        (4096, "default", 5.0),
        (4096, "lossless", 5.0),
        (2048, "default", 2.0),
        (2048, "lossless", 2.0),
        (1500, "default", 1.0),
    ):
        file = write_tiff(room / "page.tif", side, side * 3 // 4, 1)
        convert(order_of(file, NAMED[recipe]), Limits())
        jp2 = file.with_suffix(".jp2")
        ours, theirs = alternate(
            runs,
            lambda jp2=jp2: timed(lambda: reduced_thumb(jp2)),  # type: ignore[misc]  # bound at once
            lambda jp2=jp2: timed(lambda: pillow_thumb(jp2)),  # type: ignore[misc]  # bound at once
        )
        compare(f"{side} pixels wide, {recipe}: Pillow / ours", ours, theirs, least, lambda cost: cost.cpu)


def reduced_thumb(jp2: Path) -> None:
    sizes = (parse_size("!1024,1024"),)
    convert(order_of(jp2, NAMED["default"], operation=Operation.DERIVATIVES_ONLY, sizes=sizes), Limits())


def pillow_thumb(jp2: Path) -> None:
    with Image.open(jp2) as image:
        small = image.resize((1024, 768), Image.Resampling.LANCZOS)
    small.save(jp2.with_suffix(".jpg"), "JPEG", quality=85)


def timed(work: Callable[[], None]) -> Cost:
    began, used = time.perf_counter(), time.process_time()
    work()
    return Cost(time.process_time() - used, time.perf_counter() - began, 0)


# ------------------------------------------------------------------------------------- overhead and memory


def overhead(room: Path, runs: int) -> None:
    """Requests that decode nothing: the whole way over HTTP."""
    convert(order_of(write_tiff(room / "page.tif", 2000, 1500, 1), NAMED["default"]), Limits())
    asyncio.run(_overhead(room, runs * 20))


async def _overhead(room: Path, runs: int) -> None:
    settings = ProcessorSettings(room, port=0, workers=1)
    async with running(settings) as url, aiohttp.ClientSession(url) as session:
        for what, operation in (("tile-ready, handed through", "image-only"), ("dimensions", "derivatives-only")):
            taken = []
            for _ in range(runs):
                body = {
                    "source": str(room / "page.jp2"),
                    "destination": str(room / "out.jp2"),
                    "operation": operation,
                }
                began = time.perf_counter()
                async with session.post("/convert", json=body) as response:
                    assert response.status == 200, await response.text()
                    await response.read()
                taken.append((time.perf_counter() - began) * 1000)
            middle = statistics.median(taken)
            kept = "kept" if middle <= 20 else "NOT KEPT"
            say(f"  {what}: {middle:.1f} ms, worst {max(taken):.1f} (claimed at most 20: {kept})")


def flat(room: Path, runs: int) -> None:
    """What a worker keeps between images."""
    files = [write_tiff(room / f"page-{side}.tif", side, side, side) for side in (900, 2500, 1400, 3000)]
    asyncio.run(_flat(files, 5 * runs))


async def _flat(files: Sequence[Path], rounds: int) -> None:
    async with Workers(ProcessorSettings(files[0].parent, workers=1)) as workers:
        kept = []
        for number in range(rounds):
            await workers.run(order_of(files[number % len(files)], NAMED["default"]))
            kept.append(await settled(worker_pids()[0]) / MEGABYTE)
    first, last = max(kept[:4]), max(kept[-4:])
    word = "kept" if last <= 1.05 * first else "NOT KEPT"
    say(f"  between jobs: {first:.0f} MB after 4 images, {last:.0f} MB after {rounds} (claimed flat: {word})")


async def settled(pid: int) -> int:
    """What a worker keeps once it has given back what it can, which it does after its answer."""
    last = 0
    while (now := memory_of(pid)) != last:
        last = now
        await asyncio.sleep(0.1)
    return last


def large(room: Path, runs: int) -> None:
    """500 megapixels in tiles, in turn with an untiled image of the same kind."""
    small, whole = room / "small.tif", room / "large.tif"
    write_large(small, 2)
    write_large(whole, 8)
    limits = Limits(memory=2048 * MEGABYTE)

    def of(path: Path, recipe: str) -> Cost:
        return asyncio.run(by_workers([path], NAMED[recipe], limits))

    of(small, "default")
    rounds = [(of(small, "default"), of(whole, "default")) for _ in range(runs)]
    for clock in ("cpu", "wall"):
        ratios = [16 * getattr(untiled, clock) / getattr(tiled, clock) for untiled, tiled in rounds]
        median = statistics.median(ratios)
        claim(f"megapixels a second of {clock} time, 502 in tiles / 31 in one piece", median, 0.9, ratios)
    for what, costs in (("default", [tiled for _, tiled in rounds]), ("fastest", [of(whole, "fastest")])):
        peak = max(cost.peak for cost in costs) / MEGABYTE
        say(f"  {what}: peak {peak:.0f} MB (claimed at most 300: {'kept' if peak <= 300 else 'NOT KEPT'})")


def write_large(path: Path, times: int) -> None:
    """A striped TIFF of a photograph repeated that often across and down."""
    tile = photograph(2800, 2800)
    side = 2800 * times

    def strips() -> Iterator[Any]:
        across = np.concatenate([tile] * times, axis=1)
        for _ in range(times):
            yield from (across[top : top + 28] for top in range(0, 2800, 28))

    tifffile.imwrite(
        path, strips(), shape=(side, side, 3), dtype=np.uint8, photometric="rgb", bigtiff=True, rowsperstrip=28
    )


def write_tiff(path: Path, width: int, height: int, seed: int) -> Path:
    tifffile.imwrite(path, photograph(width, height, seed), photometric="rgb", metadata=None, resolutionunit=1)
    return path


SECTIONS: Mapping[str, Callable[[Path, int], None]] = {
    "encode": encode,
    "fastest": fastest,
    "thumbs": thumbs,
    "overhead": overhead,
    "flat": flat,
}

if __name__ == "__main__":
    main()
