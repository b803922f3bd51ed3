"""GET /ready: which parts the running engine tries, by name, with what it holds open itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from engine.health import Check, Readiness
from engine.outbound.bucket import Bucket
from engine.parts import Parts
from engine.settings import Settings

PROBE = "transient/readiness-probe"


def readiness(settings: Settings, parts: Parts) -> Readiness:
    """Every dependency of an engine. The image server is not needed while the processor can stand in for it."""
    stands_in = settings.thumbnails.first == "processor" or settings.thumbnails.fallback == "processor"
    return Readiness(
        [
            Check("database", says("answers", parts.db.ping)),
            *(Check(f"queue {messages.name}", depth_of(messages.depth)) for messages in parts.queues.values()),
            *(Check(f"bucket {bucket.name}", says("lets us in", bucket.reachable)) for bucket in written(parts)),
            Check("processor", says("answers", parts.processor.ping)),
            Check("image server", says("answers", parts.image_server.ping), needed=not stands_in),
        ],
        [Check(f"bucket {bucket.name}, write", wrote(bucket)) for bucket in written(parts)],
    )


def written(parts: Parts) -> Sequence[Bucket]:
    """The buckets that ingests write to."""
    return parts.storage, parts.thumbs_bucket


def says(words: str, probe: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[str]]:
    """A check out of something that only raises or does not."""

    async def run() -> str:
        await probe()
        return words

    return run


def depth_of(depth: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[str]]:
    """A check that says how deep a queue is."""

    async def run() -> str:
        return str(await depth())

    return run


def wrote(bucket: Bucket) -> Callable[[], Awaitable[str]]:
    """A check that leaves an object, finds it, and removes it."""

    async def run() -> str:
        await bucket.put_bytes(PROBE, b"ready?", "text/plain")
        found = [key async for key in bucket.keys(PROBE)]
        await bucket.delete([PROBE])
        return "a probe was written, found and removed" if found else "a probe was written, but not found"

    return run
