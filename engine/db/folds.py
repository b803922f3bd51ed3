"""FOLD: what recordings left to be added is added to the rows that many assets share.

Recording writes one row of its own for each settled asset; here they are summed, some hundreds at a time, into
"CustomerStorage" and "Queues", and their batches are recounted. All in one transaction, by one process at a time: a
fold that dies has done nothing, and one whose answer is lost has nothing left to do.
"""

from __future__ import annotations

from sqlalchemy import Connection

from engine.db.connections import fetch, fetch_row
from engine.db.fold_statements import LOCK_BATCHES, MOMENT, RECOUNT, TAKE, TRY_TURN
from engine.db.port import Folded
from engine.db.role import Role

TURN = 0x0F01D
"""The advisory lock of whoever folds."""
PACE = 1.0
"""Seconds between two recounts of a batch that cannot be finished yet."""
NOTHING = Folded(rows=0, batches=0, finished=(), waiting=0)


class PostgresFolds(Role):
    """Keeps the shared rows true."""

    async def fold(self) -> Folded:
        return await self._connections.transaction(_fold_in_turn)


def _fold_in_turn(connection: Connection) -> Folded:
    turn = fetch_row(connection, TRY_TURN, {"turn": TURN})
    return _fold(connection) if turn is not None and turn["ours"] else NOTHING


def _fold(connection: Connection) -> Folded:
    taken = fetch_row(connection, TAKE, {"pace": PACE})
    assert taken is not None
    finished: tuple[int, ...] = ()
    if taken["batches"]:
        values = {"batches": taken["batches"], "moment": MOMENT}
        fetch(connection, LOCK_BATCHES, values)
        finished = tuple(row["id"] for row in fetch(connection, RECOUNT, values))
    return Folded(rows=taken["rows"], batches=len(taken["batches"]), finished=finished, waiting=taken["left"])
