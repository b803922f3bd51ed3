"""The local image server as `bench.thumbs` measures it: real photographs in an emulated S3, really decoded.

It and the emulator are processes of their own, stopped at the end; their folder is gone then.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aioboto3
import numpy as np
from PIL import Image
from types_aiobotocore_s3 import S3Client

from bench.processes import children_of, cpu_of
from bench.thumbs_ground import COLOURS, PHOTOGRAPH, Asset, photographs
from local.emulator import start_emulator
from local.ports import LOOPBACK, choose_port
from local.service import Service
from tests.fakes.image_server import Source

BUCKET = "storage"
COLOUR = COLOURS[100]
WORKERS = 2


class LocalServer:
    """The local image server, and the storage that it reads."""

    def __init__(self, url: str, s3: S3Client, process: int) -> None:
        self.url = url
        self._s3 = s3
        self._process = process

    def cpu(self) -> float:
        """Seconds of CPU that the server and its workers have used."""
        return sum(map(cpu_of, (self._process, *children_of(self._process))))

    async def store(self, objects: Iterable[tuple[str, Source]]) -> None:
        """Puts photographs of these formats under these keys."""
        for uri, source in objects:
            key = uri.removeprefix(f"s3://{BUCKET}/")
            await self._s3.copy_object(Bucket=BUCKET, Key=key, CopySource=f"{BUCKET}/{source.format}")

    def behind(self, url: str) -> LocalServer:
        """The same server, asked at another address."""
        return LocalServer(url, self._s3, self._process)


def local_photographs(count: int, *formats: str) -> list[Asset]:
    """So many assets, all of the one photograph that the storage has."""
    return [replace(one, source=replace(one.source, colour=COLOUR)) for one in photographs(count, *formats)]


@asynccontextmanager
async def local_server() -> AsyncIterator[LocalServer]:
    """The emulator, a photograph in it for each format, and the image server before it."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        emulator = await asyncio.to_thread(start_emulator, folder / "aws", log=folder / "aws.log")
        try:
            port = choose_port("image server")
            environment = emulator.environment | {
                "IMAGE_SERVER_HOST": LOOPBACK,
                "IMAGE_SERVER_PORT": str(port),
                "IMAGE_SERVER_CACHE": str(folder / "cache"),
                "IMAGE_SERVER_WORKERS": str(WORKERS),
            }
            service = Service("image server", "image-server", port, "/health", environment)
            child = service.start(folder / "image-server.log")
            try:
                await asyncio.to_thread(child.wait_until, service.is_ready, patience=30)
                async with aioboto3.Session().client("s3", **emulator.options) as s3:
                    await s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
                    for format_, body in (await asyncio.to_thread(_pictures)).items():
                        await s3.put_object(Bucket=BUCKET, Key=format_, Body=body)
                    yield LocalServer(service.url, s3, child.process.pid)
            finally:
                await asyncio.to_thread(child.stop, 10)
        finally:
            await asyncio.to_thread(emulator.stop)


def _pictures() -> dict[str, bytes]:
    """One photograph, with the grain that makes decoding cost what it costs, as JPEG 2000 and as JPEG."""
    grain = np.random.default_rng(1).normal(0, 12, (PHOTOGRAPH.height, PHOTOGRAPH.width, 1))
    pixels = np.clip(np.array(COLOUR) + grain, 0, 255).astype(np.uint8)
    image, made = Image.fromarray(pixels), {}
    for format_, name, options in (
        ("jp2", "JPEG2000", {"irreversible": True, "quality_layers": [12], "num_resolutions": 7}),
        ("jpg", "JPEG", {"quality": 88}),
    ):
        out = io.BytesIO()
        image.save(out, name, **options)
        made[format_] = out.getvalue()
    return made
