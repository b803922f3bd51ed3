"""What each role of the database stands on: the connections. The roles know nothing of one another."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from engine.db.connections import Connections
from engine.db.run_ids import new_run_id


class Role:
    """One role of the port, played by PostgreSQL."""

    def __init__(self, connections: Connections, worker: str, new_id: Callable[[], UUID] = new_run_id) -> None:
        self._connections = connections
        self._settings = connections.settings
        self._worker = worker
        self._new_id = new_id
