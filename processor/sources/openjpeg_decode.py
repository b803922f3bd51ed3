"""OpenJPEG's decoder through glymur's binding: an area at a resolution becomes samples and what they mean.

The only place that calls the decoder. Knows codestreams; nothing of pictures, sizes wanted, or damage repaired.
"""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.colour import Alpha, Model, Samples
from processor.openjpeg import binding
from processor.picture import Region
from processor.sources.port import damaged

YCC, EYCC, CMYK = 3, 4, 5
"""OpenJPEG's names of colour spaces."""


def decode_area(
    path: Path, start: int, reduce: int, region: Region | None, *, tolerant: bool
) -> tuple[NDArray[Any], Samples]:
    """Decodes all or a region at a resolution halved `reduce` times."""
    library = binding()
    try:
        with ExitStack() as stack:
            codec = library.create_decompress(library.CODEC_JP2 if start else library.CODEC_J2K)
            stack.callback(library.destroy_codec, codec)
            library.set_error_handler(codec, library._ERROR_CALLBACK)  # noqa: SLF001 - glymur's own handler
            stream = library.stream_create_default_file_stream(str(path), True)
            if not stream:
                raise FileNotFoundError(path)
            stack.callback(library.stream_destroy, stream)
            parameters = library.set_default_decoder_parameters()
            parameters.cp_reduce = reduce
            library.setup_decoder(codec, parameters)
            _be_strict(library, codec, strict=not tolerant)
            image = library.read_header(stream, codec)
            stack.callback(library.image_destroy, image)
            if region:
                x, y = image.contents.x0 + region.x, image.contents.y0 + region.y
                library.set_decode_area(codec, image, x, y, x + region.width, y + region.height)
            library.decode(codec, stream, image)
            if not tolerant and region is None:
                library.end_decompress(codec, stream)
            return _samples(image.contents)
    except library.OpenJPEGLibraryError as error:
        words = " ".join(str(error).replace("OpenJPEG library error:", "").split())
        raise damaged(words or "OpenJPEG cannot decode it") from error


def _be_strict(library: Any, codec: Any, *, strict: bool) -> None:
    """Codestreams that end early are errors, unless asked otherwise; glymur does not bind this one."""
    function = library.OPENJP2.opj_decoder_set_strict_mode
    function.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    function.restype = ctypes.c_int32
    function(codec, 1 if strict else 0)


def _samples(image: Any) -> tuple[NDArray[Any], Samples]:
    """OpenJPEG's planes as one array, and what they mean."""
    parts = [image.comps[index] for index in range(image.numcomps)]
    if not parts or any(not part.data for part in parts):
        raise damaged("no pixels come out of it")
    high, wide = max(part.h for part in parts), max(part.w for part in parts)
    bits = max(part.prec for part in parts)
    planes = [_plane(part, high, wide, bits) for part in parts]
    alpha = Alpha.NONE
    if len(planes) in (2, 4) and image.color_space != CMYK:
        alpha = {1: Alpha.STRAIGHT, 2: Alpha.PREMULTIPLIED}.get(parts[-1].alpha, Alpha.IGNORED)
    pixels = np.stack(planes, axis=-1)
    if image.color_space in (YCC, EYCC) and len(planes) >= 3:
        pixels = _from_ycc(pixels, bits)
    model = Model.GREY if len(planes) < 3 else Model.CMYK if image.color_space == CMYK else Model.RGB
    profile = None
    if image.icc_profile_len:
        profile = ctypes.string_at(image.icc_profile_buf, image.icc_profile_len)
    return pixels, Samples(model, bits, alpha, profile)


def _plane(part: Any, high: int, wide: int, bits: int) -> NDArray[Any]:
    plane: NDArray[Any] = np.ctypeslib.as_array(part.data, shape=(part.h, part.w))
    if part.sgnd:
        plane = plane + (1 << (part.prec - 1))
    plane = np.clip(plane, 0, (1 << part.prec) - 1).astype(np.uint8 if bits <= 8 else np.uint16)
    if part.prec < bits:
        plane = (plane.astype(np.uint32) * ((1 << bits) - 1) // ((1 << part.prec) - 1)).astype(plane.dtype)
    if (part.h, part.w) != (high, wide):
        plane = plane.repeat(-(-high // part.h), axis=0).repeat(-(-wide // part.w), axis=1)[:high, :wide]
    return plane


def _from_ycc(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    top, middle = (1 << bits) - 1, 1 << (bits - 1)
    y, cb, cr = (pixels[..., index].astype(np.float32) for index in range(3))
    cb, cr = cb - middle, cr - middle
    colours = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    done = np.clip(colours + 0.5, 0, top).astype(pixels.dtype)
    return np.concatenate((done, pixels[..., 3:]), axis=-1)
