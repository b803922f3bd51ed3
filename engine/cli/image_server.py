"""`sluice image-server`: the local IIIF image server, on images in S3."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any

import typer

from engine.cli.stop import Misused
from local.image_server.service import run_image_server
from local.image_server.settings import ImageServerSettings

FOLDER = Path(gettempdir()) / "sluice-image-server"
CORES = os.cpu_count() or 1


def _option(variable: str, meaning: str) -> Any:
    return typer.Option(envvar=variable, help=meaning)


async def image_server(
    *,
    host: Annotated[str, _option("IMAGE_SERVER_HOST", "Where it listens.")] = "127.0.0.1",
    port: Annotated[int, _option("IMAGE_SERVER_PORT", "Its port.")] = 8182,
    workers: Annotated[int, _option("IMAGE_SERVER_WORKERS", "Pictures made at once.")] = CORES,
    cache: Annotated[Path, _option("IMAGE_SERVER_CACHE", "Its folder for sources; emptied at start.")] = FOLDER,
    cache_bytes: Annotated[int, _option("IMAGE_SERVER_CACHE_BYTES", "What they may take up.")] = 4 * 1024**3,
) -> None:
    """The local IIIF image server: the Image API 3.0 at level 2, on JPEG 2000, JPEG, TIFF and PNG in S3.

    An identifier is an S3 URI with / as %2F. It stands in for Cantaloupe on one machine.

    Examples:
      sluice image-server --port 8182
      curl localhost:8182/iiif/3/s3:%2F%2Fbucket%2F99%2F1%2Fpage/info.json
    """
    try:
        settings = ImageServerSettings(cache, host, port, workers, cache_bytes)
    except ValueError as error:
        raise Misused(str(error)) from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    await run_image_server(settings)
