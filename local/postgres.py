"""PostgreSQL 18 from a wheel: made once, started as our child, reached over loopback TCP with a password.

Only the binaries of the wheel are used. Its own server class is not: it changes the modes of folders that are
not its own and makes system users. Where the server may live when we are root is `postgres_home`'s business.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from local.child import Child, PartError, start
from local.leftovers import stop_leftover
from local.ports import LOOPBACK, choose_port
from local.postgres_home import Home, find_home

MAJOR = "18"
USER = "sluice"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, and how to reach it."""

    child: Child
    home: Home
    port: int
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as its superuser and return what it printed, unadorned; for preparations, not for work."""
        options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK, "-p", str(self.port))
        done = subprocess.run(  # noqa: S603 - the wheel's own psql; the SQL goes through its input
            [self.home.binaries / "psql", *options, "-U", USER, "-d", database],
            input=sql,
            env={"PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PartError(f"PostgreSQL refused a statement: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database unless it is there already, and return its URL."""
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - our own names
            self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self, patience: float = 20) -> None:
        """Shut down fast and cleanly: sessions are ended, everything committed is on disk."""
        self.child.stop(patience)


def start_postgres(folder: Path, *, log: Path, port: int | None = None, durable: bool = True) -> Postgres:
    """Start the server on the data that belongs to `folder`, making it the first time; returns when it answers.

    Not durable is for tests: quicker, and lost when the machine (not only the server) crashes.
    """
    home = find_home(folder)
    data = home.path / "data"
    _stop_earlier(data)
    if not data.exists():
        _make(home, data, log)
    if (found := (data / "PG_VERSION").read_text().strip()) != MAJOR:
        raise PartError(f"the database in {data} is of PostgreSQL {found}, this is {MAJOR}. Remove it: make clean")
    chosen = choose_port("postgres", port)
    settings = [f"listen_addresses={LOOPBACK}", f"port={chosen}", "unix_socket_directories=", "max_connections=200"]
    settings += [] if durable else QUICK
    child = start(
        "postgres",
        [home.binaries / "postgres", "-D", data, *(word for each in settings for word in ("-c", each))],
        log=log,
        environment=_environment(),
        folder=home.path,
        user=home.user,
        farewell=signal.SIGINT,  # the fast shutdown; SIGTERM would wait for every client
    )
    server = Postgres(child, home, chosen, (home.path / "password").read_text())
    try:
        child.wait_until(lambda: _is_ready(home, chosen), patience=60)
    except BaseException:
        child.stop(5)
        raise
    return server


def _environment() -> dict[str, str]:
    """Nothing but what it needs: PG* variables of the caller must not steer our own server."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _make(home: Home, data: Path, log: Path) -> None:
    """Make a new cluster beside its place and move it there, so that half a cluster never stands there."""
    password = home.path / "password"
    password.unlink(missing_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    home.give(password)
    unfinished = home.path / "data.unfinished"
    home.remove(unfinished)
    options = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync")
    child = start(
        "initdb",
        [home.binaries / "initdb", "-D", unfinished, "-U", USER, f"--pwfile={password}", *options],
        log=log,
        environment=_environment(),
        folder=home.path,
        user=home.user,
    )
    child.finish(patience=120)
    unfinished.rename(data)


def _stop_earlier(data: Path) -> None:
    """Stop a server that a killed supervisor left on this data, and forget the note of one that is dead."""
    note = data / "postmaster.pid"
    if not note.exists():
        return
    pid = int(note.read_text().splitlines()[0])
    stop_leftover(pid, str(data), signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
    note.unlink(missing_ok=True)


def _is_ready(home: Home, port: int) -> bool:
    asked = subprocess.run(  # noqa: S603 - the wheel's own pg_isready
        [home.binaries / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(port)], check=False, env=_environment()
    )
    return asked.returncode == 0
