"""What exceptions of the driver, and of SQLAlchemy above it, mean. The only module that reads them.

passing         the connection was lost, the server restarts, two transactions met: worth another try at once
values          it does not take what it was given: Refused, for no retry can help
unready         no such table, no right: Busy until somebody migrates or grants
anything else   Busy, database away
"""

from __future__ import annotations

import asyncpg
from sqlalchemy import exc

from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, DATABASE_REJECTED, DATABASE_UNREADY, Kind

DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
FOREIGN = (exc.DBAPIError, exc.TimeoutError, *DRIVER)
"""Everything that using a connection can raise: wrapped when a statement fails, bare when connecting does."""

PASSING = frozenset({
    "40001",  # serialisation failure
    "40P01",  # deadlock
    "55P03",  # a lock was not to be had in time
    "57014",  # cancelled, by a time-out
    "57P01",  # the server shuts down
    "57P02",  # crashed
    "57P03",  # starts
    "57P05",  # an idle session was closed
    "25006",  # read only: no longer the primary
    "0A000",  # a cached plan no longer fits, for somebody migrates
})  # fmt: skip
PASSING_CLASSES = ("08", "53")  # connections; resources
VALUE_CLASSES = ("22", "23")  # data; constraints
UNREADY_CLASSES = ("28", "3D", "3F", "42")  # log-in, database, schema, names and rights


def is_passing(error: BaseException) -> bool:
    """Whether the same again may work at once."""
    error = _unwrapped(error)
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        return state in PASSING or state.startswith(PASSING_CLASSES)
    if isinstance(error, ValueError):  # the driver's own DataError
        return False
    return isinstance(error, (*DRIVER, exc.TimeoutError))


def is_stale_connection(error: BaseException) -> bool:
    """Whether every other connection of the pool is as useless as the one that said this."""
    error = _unwrapped(error)
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in {"25006", "57P01", "57P02"}


def translated(error: BaseException) -> IngestError:
    """The error as the rest of the engine knows it."""
    error = _unwrapped(error)
    return IngestError(_kind(error), f"the database: {_said(error)}")


def _unwrapped(error: BaseException) -> BaseException:
    """The driver's own exception, out of the two that SQLAlchemy wraps around it."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _kind(error: BaseException) -> Kind:
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        if state.startswith(VALUE_CLASSES):
            return DATABASE_REJECTED
        if state.startswith(UNREADY_CLASSES):
            return DATABASE_UNREADY
    elif isinstance(error, ValueError):
        return DATABASE_REJECTED
    return DATABASE_AWAY


def _said(error: BaseException) -> str:
    """Its words on one line, without the values that it quotes in its details."""
    if isinstance(error, TimeoutError | exc.TimeoutError):
        return "no answer in time"
    return " ".join(str(getattr(error, "message", None) or error).split()) or type(error).__name__
