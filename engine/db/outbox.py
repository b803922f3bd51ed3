"""What is to be done after recording: taken by lease, so that no lock is held while it is done."""

from __future__ import annotations

import json
from collections.abc import Collection
from uuid import uuid4

from engine.db.port import Errand, Kind
from engine.db.record import writable
from engine.db.role import Role
from engine.db.sql import sql

LEASE = sql("""
UPDATE engine.outbox SET lease = :token, due = now() + make_interval(secs => :seconds), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM engine.outbox WHERE kind = ANY(:kinds) AND due <= now()
    ORDER BY due LIMIT :limit FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, payload::text AS payload, attempts, made
""")
"""`due` is also when a lease ends: an entry whose worker died comes up again by itself."""

DONE = sql("DELETE FROM engine.outbox WHERE id = :id AND lease = :token RETURNING id")

POSTPONE = sql("""
UPDATE engine.outbox SET lease = NULL, due = now() + make_interval(secs => :seconds), trouble = :why
WHERE id = :id AND lease = :token
RETURNING id
""")


class PostgresOutbox(Role):
    """Errands as rows of engine.outbox."""

    async def lease(self, kinds: Collection[Kind], limit: int, seconds: float) -> list[Errand]:
        token = uuid4()
        values = {"token": token, "kinds": list(kinds), "limit": limit, "seconds": seconds}
        return [
            Errand(
                id=row["id"],
                kind=Kind(row["kind"]),
                payload=json.loads(row["payload"]),
                attempts=row["attempts"],
                token=token,
                made=row["made"],
            )
            for row in await self._connections.rows(LEASE, values)
        ]

    async def done(self, errand: Errand) -> bool:
        return await self._connections.row(DONE, {"id": errand.id, "token": errand.token}) is not None

    async def postpone(self, errand: Errand, seconds: float, why: str) -> bool:
        values = {"id": errand.id, "token": errand.token, "seconds": seconds, "why": writable(why)}
        return await self._connections.row(POSTPONE, values) is not None
