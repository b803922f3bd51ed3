"""Broken files by the thousand: every format of the corpus, mutated, through the processor's own workers.

    python -m tests.corpus.fuzz --files 5000            all formats, 5,000 files each
    python -m tests.corpus.fuzz --files 200 --only tiff

Each file is either converted or refused in words; a worker that dies or hangs is counted and its file kept. The
same seed makes the same files. `make fuzz-processor` runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from images.recipe import NAMED
from processor.errors import Refusal, WorkerError
from processor.order import Operation, Order
from processor.pool import Workers
from processor.settings import Limits, ProcessorSettings
from tests.corpus.others import others
from tests.corpus.pictures import colour
from tests.corpus.tiffs import tiffs

FORMATS = ("tiff", "jpeg", "png", "webp", "gif", "bmp", "heic", "avif", "jp2", "jph")
SUFFIXES = {".tif": "tiff", ".jpg": "jpeg"}
LIMITS = Limits(max_pixels=4_000_000, memory=512 << 20)
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEAD = 600
"""The first bytes of a file, where most of what a decoder believes is written."""


@dataclass(slots=True)
class Tally:
    """How the files of one format ended."""

    outcomes: Counter[str] = field(default_factory=Counter)
    kept: list[Path] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """Files that cost their worker its life."""
        return self.outcomes["crash"] + self.outcomes["deadline"]


def seeds(folder: Path) -> Mapping[str, list[bytes]]:
    """Whole files of each format to begin from."""
    found: dict[str, list[bytes]] = {name: [] for name in FORMATS}
    for specimen in (*tiffs(), *others()):
        path = specimen.at(folder)
        found[SUFFIXES.get(path.suffix, path.suffix[1:])].append(path.read_bytes())
    for recipe, name in (("lossless", "jp2"), ("default", "jp2"), ("fastest", "jph")):
        found[name].append(_jpeg2000(folder, recipe))
    return found


def _jpeg2000(folder: Path, recipe: str) -> bytes:
    from images.size import Size  # noqa: PLC0415 - with the encoders, which a library must be loaded for
    from processor.encoders.registry import encoder_for  # noqa: PLC0415
    from processor.jp2 import wrap  # noqa: PLC0415
    from processor.picture import WholePicture  # noqa: PLC0415

    pixels = colour()
    picture = WholePicture(pixels, Size(pixels.shape[1], pixels.shape[0]))
    encoder_for(NAMED[recipe], LIMITS).encode(picture, NAMED[recipe], folder / "codestream")
    wrap(folder / "codestream", picture, folder / "whole", high_throughput=recipe == "fastest")
    return (folder / "whole").read_bytes()


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """One broken file: bits flipped, bytes set, parts cut, repeated or moved, several times over."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(min(len(data), HEAD) if chance.random() < 0.6 else len(data))
        match chance.randrange(6):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.randrange(256)
            case 2:
                width = chance.choice((1, 2, 4))
                order = chance.choice(("big", "little"))
                number = chance.choice(INTERESTING) & ((1 << 8 * width) - 1)
                data[at : at + width] = number.to_bytes(width, order)  # type: ignore[arg-type]  # one of two words
            case 3:
                del data[at : at + chance.randrange(1, 64)]
            case 4:
                data[at:at] = data[at : at + chance.randrange(1, 64)]
            case _:
                if chance.random() < 0.3:
                    del data[at:]
        if not data:
            return b"\0"
    return _checksummed(bytes(data)) if data[1:4] == b"PNG" and chance.random() < 0.7 else bytes(data)


def _checksummed(png: bytes) -> bytes:
    """The same PNG with every checksum made right, so that what is broken gets as far as the decoder."""
    data, at = bytearray(png), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4])
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4)
        at = end + 4
    return bytes(data)


async def fuzz(names: Sequence[str], files: int, seed: int, keep: Path, workers: int) -> Mapping[str, Tally]:
    """Sends that many broken files of each format through workers."""
    tallies = {name: Tally() for name in names}
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        whole = seeds(room)
        settings = ProcessorSettings(room, workers=workers, queue=workers * 2, seconds=20.0, limits=LIMITS)
        async with Workers(settings) as pool:
            turn = asyncio.Semaphore(workers)
            for name in names:
                chance = random.Random(f"{seed} {name}")
                broken = _numbered(whole[name], files, chance)
                await _send(pool, turn, room, broken, tallies[name], keep / name)
    return tallies


def _numbered(whole: Sequence[bytes], files: int, chance: random.Random) -> Iterator[tuple[int, bytes]]:
    for number in range(files):
        yield number, mutated(chance.choice(whole), chance)


async def _send(
    pool: Workers,
    turn: asyncio.Semaphore,
    room: Path,
    broken: Iterator[tuple[int, bytes]],
    tally: Tally,
    keep: Path,
) -> None:
    async with asyncio.TaskGroup() as group:
        for number, data in broken:
            await turn.acquire()
            group.create_task(_one(pool, turn, room / f"{number}", data, tally, keep))


async def _one(pool: Workers, turn: asyncio.Semaphore, room: Path, data: bytes, tally: Tally, keep: Path) -> None:
    try:
        source, made = room.with_suffix(".in"), room.with_suffix(".made")
        source.write_bytes(data)
        order = Order(room.name, source, Operation.IMAGE_ONLY, made, None, NAMED["fast-lossy"])
        try:
            await pool.run(order)
            outcome = "converted"
        except Refusal as refusal:
            outcome = refusal.kind if refusal.kind in ("crash", "deadline", "memory") else "refused"
        except WorkerError:
            outcome = "failed"
        tally.outcomes[outcome] += 1
        if outcome in ("crash", "deadline", "failed"):
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{outcome}-{room.name}").write_bytes(data)
            tally.kept.append(keep / f"{outcome}-{room.name}")
        source.unlink()
        made.unlink(missing_ok=True)
    finally:
        turn.release()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=FORMATS, action="append")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"))
    given = parser.parse_args()
    tallies = asyncio.run(fuzz(given.only or FORMATS, given.files, given.seed, given.keep, given.workers))
    for name, tally in tallies.items():
        counts = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.most_common())
        sys.stdout.write(f"{name:5} {counts}\n")
        for path in tally.kept:
            sys.stdout.write(f"      {path}\n")


if __name__ == "__main__":
    main()
