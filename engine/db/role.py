"""What each role of the database stands on: the connections. The roles know nothing of one another."""

from __future__ import annotations

from engine.db.connections import Connections


class Role:
    """One role of the port, played by PostgreSQL."""

    def __init__(self, connections: Connections, worker: str) -> None:
        self._connections = connections
        self._settings = connections.settings
        self._worker = worker
