"""The engine's database behind a real PgBouncer in transaction mode: fewer sessions than connections, so they mix.

Runs wherever `pgbouncer` is installed (Debian: the package of that name), else says that it was left out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engine.db.port import Recorded
from engine.db.postgres import open_database
from engine.db.settings import DatabaseSettings
from local.child import start
from local.ports import LOOPBACK, choose_port
from local.postgres import USER, Postgres
from policies.facts import Facts
from policies.request import AssetId
from tests.integration.db_rows import DETAILS, Rows, claim, make_request, make_stored, success

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))  # Debian puts it where users do not look
PROGRAM = shutil.which("pgbouncer", path=PLACES)
SESSIONS = 3
INI = """
[databases]
* = host={host} port={server}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
"""

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed: apt-get install pgbouncer")


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex((LOOPBACK, port)) == 0


@pytest.fixture
def pooled(database: str, postgres: Postgres, parts_folder: Path) -> Iterator[str]:
    """The URL of the test's database through PgBouncer."""
    assert PROGRAM is not None
    port = choose_port("pgbouncer", None)
    users, ini = (postgres.home.path / f"pgbouncer.{suffix}" for suffix in ("users", "ini"))
    users.write_text(f'"{USER}" "{postgres.password}"\n')
    ini.write_text(INI.format(host=LOOPBACK, server=postgres.port, port=port, users=users, sessions=SESSIONS))
    for file in (users, ini):
        file.chmod(0o600)
        postgres.home.give(file)
    child = start("pgbouncer", [PROGRAM, ini], log=parts_folder / "pgbouncer.log", user=postgres.home.user)
    child.wait_until(lambda: answers(port), patience=20)
    yield urlsplit(database)._replace(netloc=f"{USER}:{postgres.password}@{LOOPBACK}:{port}").geturl()
    child.stop(10)


async def test_many_assets_are_settled_over_few_sessions(pooled: str, rows: Rows) -> None:
    assets = [await rows.asset(AssetId(99, 1, f"page-{number}")) for number in range(40)]
    await rows.storage()
    batch = await rows.batch(*assets)
    async with open_database(DatabaseSettings(pooled, connections=12, pgbouncer=True), "tester") as db:

        async def settle(asset: AssetId) -> Recorded:
            request = make_request(asset, batch=batch)
            run = await claim(db, request)
            assert await db.renew([run.id]) == {run.id}
            assert isinstance(await db.facts(run, request), Facts)
            return await db.record(run, success(make_stored()), DETAILS)

        settled, folded = asyncio.gather(*(settle(asset) for asset in assets)), [await db.fold()]
        assert set(await settled) == {Recorded.DONE}
        while (last := await db.fold()).rows:
            folded.append(last)
    assert sum(len(one.finished) for one in folded) == 1
    assert await rows.batch_counters(batch) == (40, 0, True)
    assert await rows.totals() == await rows.sums()


async def test_a_transaction_near_the_quota_holds_its_session(pooled: str, rows: Rows) -> None:
    assets = [await rows.asset(AssetId(99, 1, f"page-{number}")) for number in range(10)]
    await rows.storage(maximum=4000)
    async with open_database(DatabaseSettings(pooled, connections=12, pgbouncer=True), "tester") as db:
        runs = [await claim(db, make_request(asset)) for asset in assets]
        said = await asyncio.gather(*(db.record(run, success(make_stored()), DETAILS) for run in runs))
    assert sorted(one.value for one in said) == ["done"] * 4 + ["over-quota"] * 6
