"""`sluice convert`: image files to JPEG 2000 here and now, by the processor's own workers, without a service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated
from uuid import uuid4

import typer

from engine.cli.output import joined, progress, row, seconds, show, show_json, size, table
from engine.cli.stop import Failed, Misused
from images.iiif_size import IiifSize, SizeError, parse_size
from images.recipe import NAMED, Recipe, RecipeError, parse_recipe
from processor.errors import Refusal, WorkerError
from processor.order import Made, Operation, Order
from processor.pool import Workers
from processor.settings import MEGABYTE, Limits, ProcessorSettings, cores, memory_per_worker, untiled_within


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of one file."""

    source: Path
    target: Path
    seconds: float
    made: Made | None = None
    reason: str | None = None

    @property
    def bytes(self) -> int | None:
        """How large the JPEG 2000 is; None if there is none."""
        return self.made.jp2.stat().st_size if self.made and self.made.jp2 else None


async def convert(
    files: Annotated[list[Path], typer.Argument(help="Image files, then a file or a folder to write to.")],
    *,
    recipe: Annotated[str, typer.Option(help=f"{', '.join(NAMED)}, or a recipe as JSON.")] = "default",
    thumbs: Annotated[list[str] | None, typer.Option(help="A IIIF size; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Files at once.")] = cores(),
    as_json: Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")] = False,
) -> None:
    """Converts image files to JPEG 2000, exactly as the processor does for the engine.

    Of several files each gets its own name in the folder that comes last. Thumbnails go to a folder beside the
    JPEG 2000, NAME-thumbs.

    Examples:
      sluice convert page.tif page.jp2 --recipe lossless --thumbs '!400,400'
      sluice convert scans/*.tif derivatives/ --recipe fastest
      sluice convert page.tif page.jp2 --recipe '{"ratio": 20, "levels": 5}'
    """
    chosen, sizes = _recipe(recipe), _sizes(thumbs or [])
    pairs = _pairs(files, ".jph" if chosen.codec == "htj2k" else ".jp2")
    done = await _all(pairs, chosen, sizes, min(workers, len(pairs)))
    if as_json:
        show_json([_plain(one) for one in done])
    else:
        _print(done)
    failed = sum(one.made is None for one in done)
    if failed:
        raise Failed(f"{failed} of {len(done)} files could not be converted.", "The table says why.")


def _recipe(text: str) -> Recipe:
    if text in NAMED:
        return NAMED[text]
    if not text.lstrip().startswith("{"):
        raise Misused(f"There is no recipe {text!r}.", f"Name one of {', '.join(NAMED)}, or write one as JSON.")
    try:
        return parse_recipe(text)
    except RecipeError as error:
        raise Misused(str(error)) from error


def _sizes(texts: Sequence[str]) -> tuple[IiifSize, ...]:
    try:
        return tuple(parse_size(text) for text in texts)
    except SizeError as error:
        raise Misused(str(error)) from error


def _pairs(files: Sequence[Path], suffix: str) -> list[tuple[Path, Path]]:
    """Each source with what it is to become."""
    *sources, last = [file.absolute() for file in files]
    if not sources:
        raise Misused("There is nothing to write to.", "The last word is the file or the folder to write to.")
    if missing := [str(source) for source in sources if not source.is_file()]:
        raise Misused(f"There is no file {missing[0]}.")
    if len(sources) == 1 and not last.is_dir():
        if not last.parent.is_dir():
            raise Misused(f"There is no folder {last.parent}.")
        return [(sources[0], last)]
    if not last.is_dir():
        raise Misused(f"There is no folder {last}.", "Several files need a folder to be written to.")
    pairs = [(source, last / f"{source.stem}{suffix}") for source in sources]
    if len({target for _, target in pairs}) < len(pairs):
        raise Misused("Several of these files have the same name.", "Convert them to different folders.")
    if any(source.resolve() == target.resolve() for source, target in pairs):
        raise Misused("A file would be written over itself.")
    return pairs


async def _all(
    pairs: Sequence[tuple[Path, Path]], recipe: Recipe, sizes: tuple[IiifSize, ...], workers: int
) -> list[Converted]:
    memory = max(memory_per_worker(workers), 512 * MEGABYTE)
    limits = Limits(memory=memory, untiled_pixels=untiled_within(memory), threads=max(1, cores() // workers))
    settings = ProcessorSettings(Path(gettempdir()), workers=workers, queue=len(pairs), seconds=86_400.0, limits=limits)
    with progress() as bar:
        task = bar.add_task("Converting", total=len(pairs))
        async with Workers(settings) as pool:
            turn = asyncio.Semaphore(workers)

            async def one(source: Path, target: Path) -> Converted:
                async with turn:
                    done = await _one(pool, source, target, recipe, sizes)
                bar.advance(task)
                return done

            return await asyncio.gather(*(one(source, target) for source, target in pairs))


async def _one(pool: Workers, source: Path, target: Path, recipe: Recipe, sizes: tuple[IiifSize, ...]) -> Converted:
    folder = target.with_name(f"{target.stem}-thumbs")
    if sizes:
        folder.mkdir(exist_ok=True)
    operation = Operation.INGEST if sizes else Operation.IMAGE_ONLY
    order = Order(uuid4().hex, source, operation, target, folder, recipe, sizes)
    began = time.perf_counter()
    try:
        made = await pool.run(order)
    except (Refusal, WorkerError) as error:
        return Converted(source, target, time.perf_counter() - began, reason=str(error))
    return Converted(source, target, time.perf_counter() - began, made)


def _print(done: Sequence[Converted]) -> None:
    out = table("", "file", "became", "pixels", "size", "thumbnails", "took", right=("size", "took"))
    for one in done:
        if one.made is None:
            row(out, one.source.name, f"nothing: {one.reason}", None, None, None, seconds(one.seconds), style="red")
            continue
        pixels = f"{one.made.size.width} x {one.made.size.height}"
        small = joined([f"{thumb.size.width}x{thumb.size.height}" for thumb in one.made.thumbs])
        name = f"{one.target.name} (as it was: tile-ready)" if one.made.handed_through else one.target.name
        row(out, one.source.name, name, pixels, size(one.bytes), small, seconds(one.seconds))
    show(out)


def _plain(one: Converted) -> dict[str, object]:
    fields: dict[str, object] = {"source": str(one.source), "seconds": round(one.seconds, 3), "reason": one.reason}
    if one.made is not None:
        fields |= {"bytes": one.bytes, **one.made.to_json()}
    return fields
