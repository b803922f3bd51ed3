"""How the engine uses its database."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where it is, how many connections may be used, and how long anything may take."""

    url: str = field(repr=False)  # it holds the password
    connections: int = 10  # at most; one more for the heart
    pgbouncer: bool = False  # behind PgBouncer in transaction mode: nothing may outlive a transaction
    lease_seconds: float = 180.0  # how long a claim lives without a beat
    grace_seconds: float = 60.0  # how long an expired one is respected still
    connect_seconds: float = 10.0
    statement_seconds: float = 30.0
    acquire_seconds: float = 20.0  # for a free connection
    patience_seconds: float = 5.0  # how long a lost connection is tried anew
    record_patience_seconds: float = 90.0  # the same when finished work waits to be recorded

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in {"postgresql", "postgres"}:
            raise ValueError("expected postgresql://user:password@host/name")
        if self.connections < 1:
            raise ValueError(f"expected 1 connection or more, not {self.connections}")
        if self.record_patience_seconds >= self.lease_seconds:
            raise ValueError(
                f"expected a patience in recording shorter than the lease of {self.lease_seconds} s, "
                f"not {self.record_patience_seconds} s"
            )
