"""How thumbnails are made: by whom, how patiently, and within which bounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.outbound.limiter import LimiterSettings

MAKERS = ("image-server", "processor")
FALLBACKS = ("processor", "none")


@dataclass(frozen=True, slots=True)
class ThumbnailSettings:
    """Settings of the thumbnails' makers; each default is explained in docs/thumbnails.md."""

    image_server: tuple[str, ...] = ()  # base URLs without /iiif/3; several share the load
    made_by: str = "image-server"
    fallback: str = "processor"
    patience: float = 240.0  # seconds for all thumbnails of one asset, waiting in line included
    endure: float = 90.0  # seconds to wait for a server that is away, where nobody stands in for it
    fresh: float = 20.0  # for so long a 403 or 404 may mean that an object was only just written
    tries: int = 6  # of one request whose picture comes back damaged, or not at all while the server is well
    quickest_timeout: float = 2.0  # no request is given up sooner
    slowest_timeout: float = 60.0  # nor waited for longer
    resolve_every: float = 5.0  # seconds between looks at the names' addresses
    workers: int = 2  # threads that check and derive pictures
    quality: int = 85  # of the JPEGs derived here
    largest_answer: int = 64 * 1024**2  # bytes; a thumbnail is far below
    limiter: LimiterSettings = field(default_factory=LimiterSettings)

    def __post_init__(self) -> None:
        if self.made_by not in MAKERS:
            raise ValueError(f"expected image-server or processor, not {self.made_by!r}")
        if self.fallback not in FALLBACKS:
            raise ValueError(f"expected processor or none, not {self.fallback!r}")
        if not self.image_server and self.made_by == "image-server":
            raise ValueError("expected the image server's address, since it makes the thumbnails")
        if not 0 < self.quickest_timeout <= self.slowest_timeout <= self.patience:
            raise ValueError("expected 0 < quickest time-out <= slowest time-out <= patience")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"expected a JPEG quality from 1 to 100, not {self.quality}")
        if self.tries < 1 or self.workers < 1:
            raise ValueError("expected at least one try and one worker")
