"""What the samples of a TIFF page mean, or in a curator's words why nobody here knows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.colour import Alpha, Model, Samples, to_8_bits
from processor.errors import Refusal

JPEG_KINDS = {6, 7}  # their decoder turns YCbCr into RGB
PALETTE, YCBCR, ICC = 3, 6, 34675
MODELS = {0: Model.WHITE_IS_ZERO, 1: Model.GREY, 2: Model.RGB, 5: Model.CMYK, 8: Model.LAB}
ALPHAS = {0: Alpha.IGNORED, 1: Alpha.PREMULTIPLIED, 2: Alpha.STRAIGHT}


def samples_of(page: Any) -> Samples:
    """How the page's samples are to be read."""
    photometric = int(page.photometric)
    count = int(page.samplesperpixel)
    bits = page.bitspersample
    if not isinstance(bits, int):
        raise Refusal(f"TIFF with samples of different depths ({bits}) is not supported")
    if photometric == PALETTE:
        if count != 1:
            raise Refusal(f"TIFF with a palette and {count} samples per pixel is not supported")
        if _range(page, bits) not in range(1, 17):
            raise Refusal(f"TIFF with a palette of {bits}-bit samples is not supported")
        return Samples(Model.RGB, 8)
    model = _model(page, photometric)
    extra = count - model.samples
    if extra not in (0, 1) or (extra and model in (Model.CMYK, Model.LAB)):
        raise Refusal(f"TIFF with {count} samples per pixel is not supported")
    profile = page.tags.get(ICC)
    return Samples(
        model,
        _range(page, bits),
        ALPHAS[_extra_kind(page)] if extra else Alpha.NONE,
        bytes(profile.value) if profile is not None and isinstance(profile.value, bytes) else None,
    )


def palette_of(page: Any) -> NDArray[np.uint8] | None:
    """The colours of a palette, one a row; None for a page that has none."""
    if int(page.photometric) != PALETTE:
        return None
    table = page.colormap
    if table is None or table.ndim != 2 or len(table) != 3 or table.shape[1] < 1 << page.bitspersample:
        raise Refusal("TIFF with a palette that is missing or too short")
    written_in_8_bits = int(table.max()) < 256
    return table.T.astype(np.uint8) if written_in_8_bits else to_8_bits(table.T.astype(np.uint16))


def _model(page: Any, photometric: int) -> Model:
    if photometric == YCBCR:
        if int(page.compression) not in JPEG_KINDS:
            raise Refusal("TIFF with YCbCr samples that are not JPEG-compressed is not supported")
        return Model.RGB
    model = MODELS.get(photometric)
    if model is None:
        name = getattr(page.photometric, "name", str(photometric))
        raise Refusal(f"TIFF with photometric interpretation {name} is not supported")
    return model


def _range(page: Any, bits: int) -> int:
    """The bits of a sample's range; 0 for floating point."""
    if page.dtype is None or page.dtype.kind not in "buf":
        kind = "signed" if page.dtype is not None and page.dtype.kind == "i" else "complex"
        raise Refusal(f"TIFF with {kind} {bits}-bit samples is not supported")
    if page.dtype.kind == "f":
        return 0
    if bits > 32:
        raise Refusal(f"TIFF with {bits}-bit samples is not supported")
    return bits


def _extra_kind(page: Any) -> int:
    kinds = page.extrasamples
    return int(kinds[0]) if kinds and int(kinds[0]) in ALPHAS else 0
