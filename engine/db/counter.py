"""Which row of "Queues" a run's source stands for, as SQL: the port's own words, generated."""

from __future__ import annotations

from engine.db.port import Source

COUNTER = " ".join(["CASE source", *(f"WHEN '{one}' THEN '{one.counter}'" for one in Source if one.counter), "END"])
