"""Who makes the thumbnails, by the settings: the one place where thumbnailers are put one behind the other."""

from __future__ import annotations

from engine.outbound.fallback import Fallback
from engine.outbound.image_server_asking import Asks
from engine.outbound.image_server_thumbnailer import ImageServerThumbnailer
from engine.outbound.thumbnail_settings import ThumbnailSettings
from engine.outbound.thumbnailer import Thumbnailer


def make_thumbnailer(settings: ThumbnailSettings, image_server: Asks, processor: Thumbnailer) -> Thumbnailer:
    """The processor alone, the image server alone and patient, or the image server with the processor behind it."""
    if settings.made_by == "processor":
        return processor
    if settings.fallback == "none":
        return ImageServerThumbnailer(image_server, endure=settings.endure)
    return Fallback(ImageServerThumbnailer(image_server, endure=0.0), processor)
