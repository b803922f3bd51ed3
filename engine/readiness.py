"""GET /ready: which parts the running engine tries, by name, with what it holds open itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from engine.health import Check, Readiness
from engine.outbound.bucket import Bucket
from engine.parts import Parts
from engine.settings import Settings
from policies.outcome import IngestError
from policies.reasons import STORAGE_DENIED

PROBE = b"ready?"


def readiness(settings: Settings, parts: Parts) -> Readiness:
    """Every dependency of an engine.

    Not needed are the buckets that only some origins are read from, and the image server while the processor can
    stand in for it.
    """
    stands_in = settings.thumbnails.first == "processor" or settings.thumbnails.fallback == "processor"
    return Readiness(
        [
            Check("database", says("answers", parts.db.ping)),
            *(Check(f"queue {messages.name}", depth_of(messages.depth)) for messages in parts.queues.values()),
            *(Check(f"bucket {bucket.name}", says("lets us in", bucket.reachable)) for bucket in written(parts)),
            *(
                Check(f"bucket {each.name}", says("lets us in", each.reachable), needed=False)
                for each in parts.read_buckets
            ),
            Check("processor", says("answers", parts.processor.ping)),
            Check("image server", says("answers", parts.image_server.ping), needed=not stands_in),
        ],
        [Check(f"bucket {bucket.name}, write", wrote(bucket)) for bucket in written(parts)],
    )


def written(parts: Parts) -> Sequence[Bucket]:
    """The buckets that ingests write to."""
    return parts.storage, parts.thumbs_bucket


def reached(bucket: Bucket, *, needed: bool) -> Check:
    """A check that a bucket is there and lets us in."""
    return Check(f"bucket {bucket.name}", says("lets us in", bucket.reachable), needed=needed)


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
    """A check that leaves an object, reads it, and removes it."""

    async def run() -> str:
        key = f"transient/readiness-{uuid4()}"
        await bucket.put_bytes(key, PROBE, "text/plain")
        try:
            read = await bucket.get_bytes(key)
        finally:
            await bucket.delete([key])
        if read != PROBE:
            raise IngestError(STORAGE_DENIED, f"s3://{bucket.name}/{key} came back as something else")
        return "a probe was written, read and removed"

    return run
