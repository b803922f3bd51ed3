"""Connections: bounded, bounded in time, and tried anew when lost. Every statement of the engine goes through here.

The first try is bare, for it nearly always works; only a passing failure meets the machinery of retries. Work that is
given to `run` must be safe to do twice: an answer can be lost after a commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from engine.db.errors import FOREIGN, is_passing, is_stale_connection, translated
from engine.db.settings import DatabaseSettings
from engine.db.statement import Statement

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Result = TypeVar("Result")

SESSION = {
    "application_name": "sluice",
    "plan_cache_mode": "force_generic_plan",  # our statements look up keys: planning them anew costs more
    "jit": "off",
}
"""What a server that we reach directly is told of a session."""
CLOSING = 5.0
"""Seconds that statements have to end when everything else has."""


class Connections:
    """The pool of one process, and the one connection that its heart has to itself."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self._common = _pool(settings, settings.connections)
        self._hearts = _pool(settings, 1)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connections]:
        """Usable inside the block. Nothing is connected before it is needed: the database may be away."""
        pools = (self._common, self._hearts)
        for pool in pools:
            await pool
        try:
            yield self
        finally:
            for pool in pools:
                await _close(pool)

    async def rows(self, statement: Statement, values: dict[str, object]) -> list[asyncpg.Record]:
        """The rows of one statement, in a transaction of its own."""
        return await self.run(lambda connection: fetch(connection, statement, values))

    async def row(
        self, statement: Statement, values: dict[str, object], *, patience: float | None = None
    ) -> asyncpg.Record | None:
        """The first row of one statement, in a transaction of its own."""
        return await self.run(lambda connection: fetch_row(connection, statement, values), patience=patience)

    async def run(
        self,
        work: Callable[[Connection], Awaitable[Result]],
        *,
        patience: float | None = None,
        heart: bool = False,
    ) -> Result:
        """Does the work on a connection; again, if it fails in a passing way, as long as patience lasts."""
        pool = self._hearts if heart else self._common
        try:
            try:
                return await self._once(pool, work)
            except FOREIGN as error:
                if not is_passing(error):
                    raise
            return await self._again(pool, work, self.settings.patience_seconds if patience is None else patience)
        except FOREIGN as error:
            raise translated(error) from error

    async def _once(
        self, pool: asyncpg.Pool[asyncpg.Record], work: Callable[[Connection], Awaitable[Result]]
    ) -> Result:
        connection = await pool.acquire(timeout=self.settings.acquire_seconds)
        try:
            return await work(connection)
        except FOREIGN as error:
            if is_stale_connection(error):
                await pool.expire_connections()
            raise
        finally:
            await pool.release(connection)

    async def _again(
        self, pool: asyncpg.Pool[asyncpg.Record], work: Callable[[Connection], Awaitable[Result]], patience: float
    ) -> Result:
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_passing),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            stop=stop_after_delay(patience),
            reraise=True,
        )
        return await retrying(self._once, pool, work)


async def fetch(connection: Connection, statement: Statement, values: dict[str, object]) -> list[asyncpg.Record]:
    """All rows, on this connection."""
    return await connection.fetch(statement.sql, *statement.arguments(values))


async def fetch_row(connection: Connection, statement: Statement, values: dict[str, object]) -> asyncpg.Record | None:
    """The first row, on this connection."""
    return await connection.fetchrow(statement.sql, *statement.arguments(values))


def _pool(settings: DatabaseSettings, size: int) -> asyncpg.Pool[asyncpg.Record]:
    """A pool that keeps nothing between transactions that a pooler in front of the server could mix up."""
    return asyncpg.create_pool(
        settings.url,
        min_size=0,
        max_size=size,
        timeout=settings.connect_seconds,
        command_timeout=settings.statement_seconds,
        reset=_nothing_to_reset,
        statement_cache_size=0 if settings.pgbouncer else 100,
        server_settings={} if settings.pgbouncer else SESSION,
    )


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Lets running statements end, but not for ever."""
    try:
        async with asyncio.timeout(CLOSING):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _nothing_to_reset(_connection: object) -> None:
    """Sessions carry no state of ours: the driver's own reset would be a round trip for nothing."""
