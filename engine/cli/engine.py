"""`sluice engine`: the engine, until it is told to stop."""

from __future__ import annotations

from engine.cli.environment import settings_with
from engine.logs import set_up_logs
from engine.service import run_engine
from engine.settings import EVERYTHING


async def engine() -> None:
    """Run the engine: reads the queues, answers POST /asset-ingest, and tidies up behind itself.

    Logs to standard error, JSON unless that is a terminal. SIGTERM drains it: what runs may end, the rest is handed
    back. Everything is set by the environment; see sluice settings.

    Examples:
      sluice engine
      ENGINE_ENV_FILE=production.env sluice engine
    """
    settings = settings_with(*EVERYTHING)
    set_up_logs(settings.logs.level, settings.logs.format)
    await run_engine(settings)
