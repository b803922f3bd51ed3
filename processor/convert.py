"""The story of one job, top to bottom: look, hand through or open, encode, wrap, thumbnails.

Runs in a worker process and reads like what happens. Every file is written under a name of its own beside its
place and moved there when it is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from images.header import BadHeader, ImageHeader
from images.recipe import NAMED
from images.size import Size
from processor import thumbs
from processor.encoders.registry import encoder_for
from processor.errors import Refusal
from processor.jp2 import wrap
from processor.order import Made, Order, Thumb
from processor.picture import WatchedPicture
from processor.settings import Limits
from processor.sources.jpeg2000 import check_whole_codestream
from processor.sources.port import Wish, check_size, read_file_header
from processor.sources.registry import format_of, open_picture

JPEG2000 = {"jp2", "jph", "j2k", "jhc"}


def convert(order: Order, limits: Limits) -> Made:
    """Makes everything that was ordered, or raises Refusal and leaves nothing behind."""
    header = ready_header(order, limits)
    if header is not None:
        return _hand_through(order, limits, header)
    if order.operation.makes_image:
        return _encode(order, limits)
    return _thumbnails_alone(order, limits)


def ready_header(order: Order, limits: Limits) -> ImageHeader | None:
    """The source's header if nothing of it has to be decoded to make the JPEG 2000: it already is what is asked."""
    if not order.operation.makes_image or order.recipe not in (NAMED["default"], NAMED["kdu_max"]):
        return None
    if format_of(order.source) not in JPEG2000:
        return None
    try:
        header = read_file_header(order.source)
    except BadHeader:
        return None  # the decoder says it better
    check_size(header.size.width, header.size.height, limits)
    return header if header.tile_ready else None


def _hand_through(order: Order, limits: Limits, header: ImageHeader) -> Made:
    assert order.destination is not None
    check_whole_codestream(order.source)
    made = _thumbnails_alone(order, limits) if order.operation.makes_thumbs and order.sizes else Made(header.size)
    with _finished(order.destination, order) as part:
        shutil.copyfile(order.source, part)
    return Made(header.size, order.destination, made.thumbs, handed_through=True)


def _encode(order: Order, limits: Limits) -> Made:
    assert order.destination is not None
    recipe = order.recipe
    wish = Wish(limits, deep=recipe.reversible, tolerant=recipe.tolerant)
    with open_picture(order.source, wish) as picture:
        sizes = _sizes(order, picture.size, limits)
        shrinker = thumbs.Shrinker(picture.size, thumbs.least_for(sizes)) if sizes else None
        watched = WatchedPicture(picture, shrinker.see) if shrinker else picture
        with _finished(order.destination, order) as part:
            codestream = part.with_name(f".codestream{order.part_suffix}")
            try:
                encoder_for(recipe, limits).encode(watched, recipe, codestream)
                wrap(codestream, picture, part, high_throughput=recipe.codec == "htj2k")
            finally:
                codestream.unlink(missing_ok=True)
    return Made(picture.size, order.destination, _save(order, shrinker, sizes) if shrinker else ())


def _thumbnails_alone(order: Order, limits: Limits) -> Made:
    def least(whole: Size) -> Size:
        return thumbs.least_for(_sizes(order, whole, limits))

    with open_picture(order.source, Wish(limits, tolerant=order.recipe.tolerant, least=least)) as picture:
        sizes = _sizes(order, picture.whole, limits)
        if not sizes:
            return Made(picture.whole)
        shrinker = thumbs.shrink(picture, thumbs.least_for(sizes))
    return Made(picture.whole, thumbs=_save(order, shrinker, sizes))


def _sizes(order: Order, whole: Size, limits: Limits) -> list[Size]:
    return thumbs.wanted_sizes(order.sizes, whole, limits.whole_bytes // 16) if order.operation.makes_thumbs else []


def _save(order: Order, shrinker: thumbs.Shrinker, sizes: Sequence[Size]) -> tuple[Thumb, ...]:
    assert order.thumb_folder is not None
    saved = []
    for size, image in thumbs.cascade(shrinker, sizes):
        path = order.thumb_folder / f"{size.width}x{size.height}.jpg"
        with _finished(path, order) as part:
            thumbs.save(image, part)
        saved.append(Thumb(path, size))
    return tuple(saved)


@contextmanager
def _finished(path: Path, order: Order) -> Iterator[Path]:
    """Gives the name to write to; the file is at `path` if all went well, and nowhere if not."""
    part = path.with_name(f".{path.name}{order.part_suffix}")
    try:
        yield part
        part.replace(path)
    except FileNotFoundError as error:
        raise Refusal(f"the folder {path.parent} is gone", field="destination", kind="missing") from error
    finally:
        part.unlink(missing_ok=True)
