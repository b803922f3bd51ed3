"""A picture of the doctor's own: small, valid, and known to the pixel."""

from __future__ import annotations

import io

from PIL import Image

WIDTH, HEIGHT = 64, 48


def probe_jpeg() -> bytes:
    """A JPEG of 64 by 48 pixels."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((WIDTH, HEIGHT)).convert("RGB").save(out, "JPEG")
    return out.getvalue()
