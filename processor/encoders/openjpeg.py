"""OpenJPEG through glymur's binding: the encoder that is always there.

Component planes are filled strip by strip; what is too large for one piece is written tile by tile. The
codestream is byte for byte what opj_compress makes of the same parameters. Asserts in the library end the
process, so this runs in a worker.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from images.recipe import Recipe
from processor.encoders.port import BY_RESOLUTION, MOST_LAYERS, levels_for, tile_side, unable
from processor.errors import Refusal
from processor.openjpeg import binding
from processor.picture import Picture
from processor.settings import Limits

PRECINCTS = 0x01
START_OF_PACKET = 0x02
ROWS = 256
FEWEST_BYTES = 2048
"""What every layer of a picture may take: with less, markers would leave a tiny one no room for its pixels."""

PROBE = 1024**2
MOST_WORDS = 200

PROGRESSIONS = {"LRCP": 0, "RLCP": 1, "RPCL": 2, "PCRL": 3, "CPRL": 4}


@dataclass(frozen=True, slots=True)
class OpenJpegEncoder:
    """The default encoder of JPEG 2000 Part 1."""

    limits: Limits

    def encode(self, picture: Picture, recipe: Recipe, path: Path) -> None:
        """Writes the codestream of a picture to `path`."""
        _check(recipe)
        tile = tile_side(recipe, picture.size, self.limits)
        library = binding()
        try:
            with ExitStack() as stack:
                parameters = _parameters(library, picture, recipe, tile)
                image = stack.enter_context(_image(library, picture, tiled=tile is not None))
                if tile is None:
                    _fill(image, picture)
                codec = stack.enter_context(_codec(library))
                library.setup_encoder(codec, parameters, image)
                library.encoder_set_extra_options(codec, plt=True, tlm=True)
                if self.limits.threads > 1 and library.has_thread_support():
                    library.codec_set_threads(codec, self.limits.threads)
                stream = stack.enter_context(_stream(library, path))
                library.start_compress(codec, image, stream)
                if tile is None:
                    library.encode(codec, stream)
                else:
                    _write_tiles(library, codec, stream, picture, tile)
                library.end_compress(codec, stream)
        except library.OpenJPEGLibraryError as error:
            _mind_the_disk(path)
            raise Refusal(f"OpenJPEG cannot encode this image: {_said(error)}") from error


def _check(recipe: Recipe) -> None:
    if recipe.codec != "j2k":
        raise unable("openjpeg", "codec", recipe.codec, "it writes j2k only")
    if recipe.layers > MOST_LAYERS:
        raise unable("openjpeg", "layers", recipe.layers, f"it writes {MOST_LAYERS} at most")


def rates(recipe: Recipe, bits_per_pixel: int, pixels: int) -> list[float]:
    """The ratio of each layer, doubling towards the first; the last is the recipe's, 0 for no limit."""
    ratio = recipe.ratio_for(bits_per_pixel) or 0.0
    last = min(ratio, pixels * bits_per_pixel / 8 / (FEWEST_BYTES * recipe.layers))
    last = last if last > 1 else 0.0
    base = last or 1.0
    return [base * 2.0 ** (recipe.layers - 1 - layer) for layer in range(recipe.layers - 1)] + [last]


def precincts_for(recipe: Recipe, levels: int) -> list[int]:
    """One precinct for each resolution, the largest resolution first; the last one named is repeated."""
    named = list(recipe.precincts)[: levels + 1]
    return named + named[-1:] * (levels + 1 - len(named))


def _parameters(library: Any, picture: Picture, recipe: Recipe, tile: int | None) -> Any:
    parameters = library.set_default_encoder_parameters()
    levels = levels_for(recipe, picture.size, tile)
    parameters.numresolution = levels + 1
    parameters.cblockw_init, parameters.cblockh_init = recipe.block
    parameters.prog_order = PROGRESSIONS[recipe.progression]
    parameters.irreversible = 0 if recipe.reversible else 1
    parameters.tcp_mct = 1 if picture.components == 3 else 0
    parameters.csty = START_OF_PACKET
    if recipe.precincts:
        parameters.csty |= PRECINCTS
        sides = precincts_for(recipe, levels)
        parameters.res_spec = len(sides)
        for index, side in enumerate(sides):
            parameters.prcw_init[index] = parameters.prch_init[index] = side
    parameters.tcp_numlayers = recipe.layers
    for index, rate in enumerate(rates(recipe, picture.bits * picture.components, picture.size.pixels)):
        parameters.tcp_rates[index] = rate
    parameters.cp_disto_alloc = 1
    if recipe.progression == BY_RESOLUTION:
        parameters.tp_on, parameters.tp_flag = 1, ord("R")
    if tile is not None:
        parameters.tile_size_on = 1
        parameters.cp_tdx = parameters.cp_tdy = tile
    return parameters


@contextmanager
def _image(library: Any, picture: Picture, *, tiled: bool) -> Iterator[Any]:
    size = picture.size
    components = (library.ImageComptParmType * picture.components)()
    for component in components:
        component.dx = component.dy = 1
        component.w, component.h = size.width, size.height
        component.prec = component.bpp = picture.bits
    space = library.CLRSPC_SRGB if picture.components == 3 else library.CLRSPC_GRAY
    create = library.image_tile_create if tiled else library.image_create
    image = create(components, space)
    if not image:
        raise MemoryError
    try:
        image.contents.x0 = image.contents.y0 = 0
        image.contents.x1, image.contents.y1 = size.width, size.height
        yield image
    finally:
        library.image_destroy(image)


def _fill(image: Any, picture: Picture) -> None:
    """Copies strips into the component planes of an image that is encoded in one piece."""
    shape = (picture.size.height, picture.size.width)
    planes = [
        np.ctypeslib.as_array(image.contents.comps[index].data, shape=shape) for index in range(picture.components)
    ]
    top = 0
    for strip in picture.strips(ROWS):
        for index, plane in enumerate(planes):
            plane[top : top + len(strip)] = strip[..., index]
        top += len(strip)


@contextmanager
def _codec(library: Any) -> Iterator[Any]:
    codec = library.create_compress(library.CODEC_J2K)
    try:
        library.set_error_handler(codec, library._ERROR_CALLBACK)  # noqa: SLF001 - glymur's own handler
        yield codec
    finally:
        library.destroy_codec(codec)


@contextmanager
def _stream(library: Any, path: Path) -> Iterator[Any]:
    stream = library.stream_create_default_file_stream(str(path), False)
    if not stream and not path.parent.is_dir():
        raise FileNotFoundError(path)
    if not stream:
        raise Refusal("the destination cannot be written", field="destination")
    try:
        yield stream
    finally:
        library.stream_destroy(stream)


def _write_tiles(library: Any, codec: Any, stream: Any, picture: Picture, side: int) -> None:
    index = 0
    for strip in picture.strips(side):
        for left in range(0, picture.size.width, side):
            tile = np.ascontiguousarray(strip[:, left : left + side].transpose(2, 0, 1))
            library.write_tile(codec, index, tile, stream)
            index += 1
        del strip  # or it would live on while the next one is read


def _mind_the_disk(path: Path) -> None:
    """OpenJPEG fails without a word when it cannot write; raises the OSError that it met, if it still holds."""
    with tempfile.TemporaryFile(dir=path.parent) as probe:
        probe.write(bytes(PROBE))
        probe.flush()


def _said(error: Exception) -> str:
    lines = (line.replace("OpenJPEG library error:", "").strip() for line in str(error).splitlines())
    words = ". ".join(dict.fromkeys(line for line in lines if line))  # it repeats itself for every block
    return words[:MOST_WORDS] or "it does not say why"
