"""Connections: SQLAlchemy's async engine over asyncpg, bounded, bounded in time, and tried anew when lost.

Every statement of the engine goes through here. One that stands alone is sent as it is, for PostgreSQL makes a
transaction of it: one round trip. Several that belong together get a transaction of their own. Work is written
against SQLAlchemy's `Connection` and runs inside one greenlet, from the checkout to the return of the connection;
through its `AsyncConnection` each of these three steps would have a greenlet, and the return a task (measured:
docs/adr/0003). Work must be safe to do twice: an answer can be lost after a commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from engine.db.errors import FOREIGN, is_passing, is_stale_connection, translated
from engine.db.settings import DatabaseSettings
from engine.db.sql import Statement

Result = TypeVar("Result")

SESSION = {
    "application_name": "sluice",
    "plan_cache_mode": "force_generic_plan",  # our statements look up keys: planning them anew costs more
    "jit": "off",
}
"""What a server that we reach directly is told of a session."""
KEEP_NOTHING = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
"""What the driver is told when a pooler may hand each transaction to another session."""
CLOSING = 5.0
"""Seconds that connections have to say goodbye."""


class Connections:
    """The pool of one process, and the one connection that its heart has to itself."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
        self._common = _engine(settings, settings.connections)
        self._hearts = _engine(settings, 1)
        self._alone = self._common.sync_engine
        self._together = self._alone.execution_options(isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connections]:
        """Usable inside the block. Nothing is connected before it is needed: the database may be away."""
        try:
            yield self
        finally:
            for engine in (self._common, self._hearts):
                await _close(engine)

    async def rows(
        self,
        statement: Statement,
        values: Mapping[str, object],
        *,
        patience: float | None = None,
        heart: bool = False,
    ) -> Sequence[RowMapping]:
        """The rows of one statement, which is a transaction by itself."""
        engine = self._hearts.sync_engine if heart else self._alone
        return await self._patiently(partial(_run_alone, engine, statement, values), patience)

    async def row(
        self, statement: Statement, values: Mapping[str, object], *, patience: float | None = None
    ) -> RowMapping | None:
        """The first row of one statement, which is a transaction by itself."""
        rows = await self.rows(statement, values, patience=patience)
        return rows[0] if rows else None

    async def transaction(self, work: Callable[[Connection], Result], *, patience: float | None = None) -> Result:
        """Does the work in a transaction."""
        return await self._patiently(partial(_run_together, self._together, work), patience)

    async def _patiently(self, work: Callable[[], Result], patience: float | None) -> Result:
        """Does the work; again, if it fails in a passing way, as long as patience lasts."""
        # The first try is bare, for it nearly always works; only a failure meets the machinery of retries.
        try:
            try:
                return await _in_greenlet(work)
            except FOREIGN as error:
                if not is_passing(error):
                    raise
            return await self._again(work, self.settings.patience_seconds if patience is None else patience)
        except FOREIGN as error:
            raise translated(error) from error

    async def _again(self, work: Callable[[], Result], patience: float) -> Result:
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_passing),
            wait=wait_random_exponential(multiplier=0.05, max=5),
            stop=stop_after_delay(patience),
            reraise=True,
        )
        return await retrying(_in_greenlet, work)


def fetch(connection: Connection, statement: Statement, values: Mapping[str, object]) -> Sequence[RowMapping]:
    """All rows, on this connection; none of a statement that gives none."""
    result = connection.execute(statement, values)
    return result.mappings().all() if result.returns_rows else ()


def fetch_row(connection: Connection, statement: Statement, values: Mapping[str, object]) -> RowMapping | None:
    """The first row, on this connection."""
    rows = fetch(connection, statement, values)
    return rows[0] if rows else None


def _run_alone(engine: Engine, statement: Statement, values: Mapping[str, object]) -> Sequence[RowMapping]:
    with engine.connect() as connection:
        return fetch(connection, statement, values)


def _run_together(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    with engine.begin() as connection:
        return work(connection)


async def _in_greenlet(work: Callable[[], Result]) -> Result:
    """Runs work whose waits are awaited by this task: cancelled with it, and its connection is then closed."""
    done: Result = await greenlet_spawn(work)
    return done


def _engine(settings: DatabaseSettings, size: int) -> AsyncEngine:
    """An engine whose pool keeps nothing between transactions that a pooler in front of the server could mix up.

    The driver reads the URL itself, so that it means here what it means to every other client of PostgreSQL.
    Connections are not tried before they are lent: a lost one is noticed by its first statement, which is tried again.
    """
    session: dict[str, Any] = KEEP_NOTHING if settings.pgbouncer else {"server_settings": SESSION}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            "dsn": settings.url,
            "timeout": settings.connect_seconds,
            "command_timeout": settings.statement_seconds,
            **session,
        },
        isolation_level="AUTOCOMMIT",
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.acquire_seconds,
        pool_pre_ping=False,
    )
    event.listen(engine.sync_engine, "handle_error", _forget_stale)
    return engine


def _forget_stale(context: ExceptionContext) -> None:
    """After a failover every other connection is as useless as the one that noticed: none is lent again."""
    if is_stale_connection(context.original_exception):
        context.is_disconnect = True


async def _close(engine: AsyncEngine) -> None:
    """Ends its connections in good order, but not for ever."""
    try:
        async with asyncio.timeout(CLOSING):
            await engine.dispose()
    except TimeoutError:
        await engine.dispose(close=False)
