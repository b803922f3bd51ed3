"""The last steps of a rendering: mirrored, turned, and in the quality that was asked for."""

from __future__ import annotations

from PIL import Image

from local.image_server.workers import Order

TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}  # ours: clockwise


def dressed(image: Image.Image, order: Order) -> Image.Image:
    """The image in rotation and quality; mirrored before it is turned, as the Image API says."""
    if order.mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if order.quarter_turns:
        image = image.transpose(TURNS[order.quarter_turns])
    match order.quality:
        case "gray":
            return image.convert("L")
        case "bitonal":
            black_and_white = image.convert("1")
            return black_and_white.convert("L") if order.format == "jpg" else black_and_white
        case "color":
            return image.convert("RGB")
        case _:
            return image
