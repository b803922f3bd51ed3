"""Puts the image server together and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aioboto3
from aiobotocore.config import AioConfig
from aiohttp import web

from local.image_server.app import ImageServer
from local.image_server.cache import SourceCache
from local.image_server.settings import ImageServerSettings
from local.image_server.workers import Workers

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_image_server(settings: ImageServerSettings, endpoint: str | None = None) -> AsyncIterator[str]:
    """A running image server; gives its base URL. S3 is found the way botocore finds it, or at the endpoint."""
    shutil.rmtree(settings.cache, ignore_errors=True)
    settings.cache.mkdir(parents=True)
    config = AioConfig(max_pool_connections=64, connect_timeout=5, read_timeout=60, s3={"addressing_style": "path"})
    workers = Workers(settings.workers, settings.limits)
    async with aioboto3.Session().client("s3", config=config, endpoint_url=endpoint) as s3:
        await workers.start()
        try:
            sources = SourceCache(s3, settings.cache, settings.cache_bytes)
            server = ImageServer(sources, workers, most_pixels=settings.most_pixels)
            runner = web.AppRunner(server.application(), access_log=None)
            await runner.setup()
            try:
                site = web.TCPSite(runner, settings.host, settings.port)
                await site.start()
                host, port = runner.addresses[0][:2]
                yield f"http://{host}:{port}"
            finally:
                await runner.cleanup()
        finally:
            await workers.stop()


async def run_image_server(settings: ImageServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    async with open_image_server(settings) as url:
        log.info("image server at %s, %d workers", url, settings.workers)
        await ended.wait()
