"""The info.json of an image: what a viewer must know to ask for tiles."""

from __future__ import annotations

from images.size import Size
from local.image_server.request import FORMATS, QUALITIES

TILE = 512
SMALLEST = 64  # pixels of the longest side below which no smaller size is offered


def describe(identifier: str, image: Size, most: int) -> dict[str, object]:
    """The Image API 3.0 description of an image, whose `id` is the URL it was asked by."""
    factors = [1]
    while image.longest / (factors[-1] * 2) >= SMALLEST:
        factors.append(factors[-1] * 2)
    return {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": identifier,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": image.width,
        "height": image.height,
        "maxArea": most,
        "sizes": [
            {"width": each.width, "height": each.height}
            for each in (
                Size(-(-image.width // factor), -(-image.height // factor)) for factor in reversed(factors[1:])
            )
            if each.pixels <= most
        ],
        "tiles": [{"width": TILE, "height": TILE, "scaleFactors": factors}],
        "extraFormats": [each for each in FORMATS if each not in {"jpg", "png"}],
        "extraQualities": [each for each in QUALITIES if each != "default"],
        "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"],
    }
