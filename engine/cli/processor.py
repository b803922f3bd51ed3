"""`sluice processor`: the JPEG 2000 processor, beside the engine, on a folder that both see."""

from __future__ import annotations

import logging
import os

from engine.cli.stop import Misused
from processor.service import serve
from processor.settings import SettingsError, from_environment


async def processor() -> None:
    """The JPEG 2000 processor: POST /convert, GET /ping, GET /metrics.

    Its settings are PROCESSOR_SCRATCH (the shared folder, required), PROCESSOR_HOST, PROCESSOR_PORT,
    PROCESSOR_WORKERS, PROCESSOR_MAX_PIXELS and more; sluice settings lists them. It runs until SIGTERM, then
    finishes what it has begun.

    Examples:
      PROCESSOR_SCRATCH=/scratch sluice processor
      PROCESSOR_SCRATCH=/scratch PROCESSOR_WORKERS=4 sluice processor
    """
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        raise Misused(str(error), "Set these variables; docs/processor.md says what they mean.") from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    await serve(settings)
