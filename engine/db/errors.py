"""What the driver's exceptions mean. The only module that reads them.

passing         the connection was lost, the server restarts, two transactions met: worth another try at once
values          it does not take what it was given: Refused, for no retry can help
unready         no such table, no right: Busy until somebody migrates or grants
anything else   Busy, database away
"""

from __future__ import annotations

import asyncpg

from policies.outcome import IngestError
from policies.reasons import DATABASE_AWAY, DATABASE_REJECTED, DATABASE_UNREADY, Kind

FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""Everything that using a connection can raise."""

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
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        return state in PASSING or state.startswith(PASSING_CLASSES)
    if isinstance(error, ValueError):  # the driver's own DataError
        return False
    return isinstance(error, FOREIGN)


def is_stale_connection(error: BaseException) -> bool:
    """Whether every other connection of the pool is as useless as the one that said this."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in {"25006", "57P01", "57P02"}


def translated(error: BaseException) -> IngestError:
    """The error as the rest of the engine knows it."""
    return IngestError(_kind(error), f"the database: {_said(error)}")


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
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(getattr(error, "message", None) or error).split()) or type(error).__name__
